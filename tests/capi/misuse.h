/* The misuse suite: what its parts share. Each case is a call that must fail in
 * one way, and touch nothing. */
#ifndef MISUSE_H
#define MISUSE_H

#include "arrow_c.h"
#include "host.h"

#define UUID "d39cd529-5dd4-5e4b-abc9-90b3751e71f1"
#define ROWS 100

/* Room for every output that there is, so that a call can be shown to have
 * written none of them. */
struct outputs {
  satori_store *store;
  satori_stream_list *streams;
  satori_cursor *cursor;
  satori_string *string;
  satori_stream stream;
  satori_insert_report insert_report;
  satori_ingest_report ingest_report;
  satori_statistics statistics;
  satori_verification verification;
  satori_library_info info;
  struct ArrowArrayStream arrow;
  int64_t ts[4];
  satori_text spellings[4];
  double values[4];
  satori_summary summaries[2];
  satori_text hashes[4];
  satori_text providers[4];
  uint64_t rows;
  size_t count;
  int32_t number;
  double stored;
  const char *data;
  char uuid[SATORI_UUID_SIZE];
  char texts[512];
};

/* The outputs of the present case, filled with a pattern except for the sizes. */
extern struct outputs out;

/* A handle of each type that is sound in every case. */
extern satori_store *good_store;
extern satori_stream_list *good_streams;
extern satori_cursor *good_cursor;
extern satori_string *good_string;

/* A folder for files. */
extern const char *scratch;

/* Fills `out` anew. */
void reset(void);

/* Counts a case: `status` must be `wanted`, `error` must say so, and `out` must
 * be as `reset` left it. */
void expect(satori_status status, satori_status wanted, const satori_error *error, const char *name,
            const char *file, int line);

/* A case: resets the outputs and makes the call, which may use `&error`. */
#define CASE(wanted, call)                                        \
  do {                                                            \
    satori_error error;                                           \
    memset(&error, 0x5a, sizeof(error));                          \
    reset();                                                      \
    satori_status status_ = (call);                               \
    expect(status_, (wanted), &error, #call, __FILE__, __LINE__); \
  } while (0)

void handles(void);
void inputs(void);
void structs(void);
void arrow(void);
void races(int rounds);

/* A call with any handle; C's types would not let a wrong one in. */
typedef satori_status (*on_handle)(void *handle, satori_error *error);

/* Counts cases that are not a single call. */
void count_case(void);

#endif
