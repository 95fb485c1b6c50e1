/* The names of the store's own errors, by their numbers. */
#ifndef CODES_H
#define CODES_H

static const char *const codes[] = {
    "OK",
    "CANNOT_OPEN",
    "NOT_A_STORE",
    "CORRUPT",
    "LATER_RELEASE",
    "SCHEMA_MISMATCH",
    "BUSY",
    "READ_ONLY",
    "DISK_FULL",
    "DATABASE",
    "FILE_REPLACED",
    "FORKED",
    "POISONED",
    "INVALID_UUID",
    "NOT_A_STREAM",
    "STREAM_NOT_FOUND",
    "INVALID_TIMESTAMP",
    "INVALID_VALUE",
    "UNREADABLE_ROW",
    "INVALID_JSON",
    "MISSING_UUID",
    "REFUSED",
    "INVALID_ARROW",
    "INVALID_STEP",
    "INTERRUPTED",
    "CONNECTION_LOST",
    "UNKNOWN_OUTCOME",
    "UNSUPPORTED",
};

#endif
