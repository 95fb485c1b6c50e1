/* What the C hosts of the tests share. */
#ifndef HOST_H
#define HOST_H

#include <satori_store.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the host if `condition` does not hold. */
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

/* Ends the host if the call does not return SATORI_OK; it may use `&error`. */
#define OK(call) check_status((call), SATORI_OK, &error, #call, __FILE__, __LINE__)

/* Ends the host if the call does not return `status`. */
#define STATUS(status, call) check_status((call), (status), &error, #call, __FILE__, __LINE__)

static inline void check(int holds, const char *condition, const char *file, int line) {
  if (!holds) {
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, condition);
    exit(1);
  }
}

static inline void check_status(satori_status status, satori_status wanted, const satori_error *error,
                                const char *call, const char *file, int line) {
  if (status != wanted) {
    fprintf(stderr, "%s:%d: %s is %" PRId32 ", not %" PRId32 ": %s\n", file, line, call, status,
            wanted, status == SATORI_OK ? "" : error->message);
    exit(1);
  }
}

#endif
