/*
 * Plays tests/scenario.txt, whose first lines explain it, on the C API, or with
 * scenario_ops.cpp on satori_store.hpp.
 *
 * scenario <scenario.txt> <scratch folder>
 */
#include "scenario.h"

#include <stdarg.h>
#include <time.h>

const char *scratch;
const char *tests;
int64_t began;

static char *answer;
static size_t answered, room;

static void add(const char *data, size_t length) {
  if (answered + length + 1 > room) {
    room = 2 * (answered + length + 1);
    answer = realloc(answer, room);
    CHECK(answer != NULL);
  }
  memcpy(answer + answered, data, length);
  answered += length;
  answer[answered] = 0;
}

void say(const char *format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  CHECK(length >= 0 && (size_t)length < sizeof(line));
  add(line, (size_t)length);
}

void say_text(satori_text text) {
  if (text.data == NULL) {
    add("-", 1);
  } else if (text.length == 1 && text.data[0] == '-') {
    add("\\x2d", 4);
  } else {
    for (size_t index = 0; index < text.length; index++) {
      unsigned char byte = (unsigned char)text.data[index];
      if (byte < ' ' || byte == 0x7f || byte == '\\') {
        say("\\x%02x", byte);
      } else {
        add(&text.data[index], 1);
      }
    }
  }
}

char *contents(const char *folder, const char *name, size_t *length) {
  char path[4096];
  snprintf(path, sizeof(path), "%s%s", folder, name);
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  *length = (size_t)ftell(file);
  rewind(file);
  char *data = malloc(*length + 1);
  CHECK(data != NULL && fread(data, 1, *length, file) == *length);
  data[*length] = 0;
  fclose(file);
  return data;
}

static int hex(char digit) {
  return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}

/* Turns \xHH into bytes, in place. */
static struct argument unescape(char *data) {
  struct argument argument = {data, 0};
  if (strcmp(data, "-") == 0) {
    argument.data = NULL;
    return argument;
  }
  char *to = data;
  for (const char *from = data; *from != 0; to++) {
    if (from[0] == '\\' && from[1] == 'x') {
      *to = (char)(hex(from[2]) * 16 + hex(from[3]));
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = 0;
  argument.length = (size_t)(to - data);
  return argument;
}

static struct operation parse(char *line) {
  struct operation operation;
  memset(&operation, 0, sizeof(operation));
  operation.name = line;
  for (char *tab = strchr(line, '\t'); tab != NULL;) {
    char *argument = tab + 1;
    *tab = 0;
    tab = strchr(argument, '\t');
    if (tab != NULL) *tab = 0;
    CHECK(operation.count < MOST_ARGUMENTS);
    operation.arguments[operation.count++] = unescape(argument);
  }
  return operation;
}

/* Returns the next line, its \n replaced by a NUL; NULL after the last. */
static char *next_line(char **rest) {
  char *line = *rest;
  if (*line == 0) return NULL;
  char *end = strchr(line, '\n');
  CHECK(end != NULL);
  *end = 0;
  *rest = end + 1;
  return line;
}

int main(int count, char **arguments) {
  size_t length;
  int number = 0, played = 0;
  CHECK(count == 3);
  char *file = contents("", arguments[1], &length);
  char *slash = strrchr(arguments[1], '/');
  CHECK(slash != NULL);
  slash[1] = 0;
  tests = arguments[1];
  scratch = arguments[2];
  began = ((int64_t)time(NULL) - 2) * 1000000;

  char *rest = file, *line;
  while ((line = next_line(&rest)) != NULL) {
    number++;
    if (line[0] == 0 || line[0] == '#') continue;
    struct operation operation = parse(line);
    answered = 0;
    play(&operation);
    played++;
    char *got = answer;
    int at = number;
    while (strncmp(rest, "= ", 2) == 0) {
      char *wanted = next_line(&rest) + 2;
      char *mine = answered == 0 ? NULL : next_line(&got);
      number++;
      if (mine == NULL || strcmp(wanted, mine) != 0) {
        fprintf(stderr, "scenario.txt:%d: %s\nwanted: %s\ngot:    %s\n", number, operation.name,
                wanted, mine == NULL ? "(no such line)" : mine);
        return 1;
      }
    }
    if (*got != 0) {
      fprintf(stderr, "scenario.txt:%d: %s also answers\n%s", at, operation.name, got);
      return 1;
    }
  }
  free(file);
  free(answer);
  printf("%d operations\n", played);
  return 0;
}
