/* The runners of tests/scenario.txt on the C API: what scenario.c, which reads the
 * file, and the operations share; these are in C or, on satori_store.hpp, in C++. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "arrow_c.h"
#include "host.h"

#define MOST_ARGUMENTS 16

#ifdef __cplusplus
extern "C" {
#endif

/* An argument: bytes, NUL-terminated too; `data` NULL is none (`-`). */
struct argument {
  char *data;
  size_t length;
};

struct operation {
  const char *name;
  struct argument arguments[MOST_ARGUMENTS];
  int count;
};

/* The folder for files, and the folder tests/. */
extern const char *scratch;
extern const char *tests;
/* Instants from here on are `now`. */
extern int64_t began;

/* Adds to the answer. */
void say(const char *format, ...);
/* Adds a text, written as the file writes it; `-` if `data` is NULL. */
void say_text(satori_text text);

/* Returns the contents of a file, which the caller frees. */
char *contents(const char *folder, const char *name, size_t *length);

/* Carries out the operation and says the answer, its lines ended by \n. */
void play(const struct operation *operation);

#ifdef __cplusplus
}
#endif

#endif
