/* The calls of the system that the sink makes, of which each may fail: the linker sends the library's calls through
 * here (ld's --wrap). */
#ifndef ADZE_TESTS_SINK_CALLS_H
#define ADZE_TESTS_SINK_CALLS_H

#include <stdbool.h>
#include <stddef.h>

/* clang-format off */
#define CALLS(ROW) \
    ROW(STAT) ROW(LSTAT) ROW(FACCESSAT) ROW(REALPATH) ROW(OPEN) ROW(OPENAT) ROW(ACCESS) ROW(FLOCK) ROW(FSTAT) \
    ROW(FSTATAT) ROW(WRITE) ROW(FSYNC) ROW(FCHMOD) ROW(FCHOWN) ROW(LINKAT) ROW(RENAMEAT) ROW(UNLINKAT) \
    ROW(FALLOCATE) ROW(SYNC_RANGE) ROW(FTRUNCATE)
/* clang-format on */

typedef enum call {
#define CALL(name) name,
    CALLS(CALL) ANY,
#undef CALL
} call;

typedef struct fault {
    call kind;          /* of the calls that count */
    int at;             /* the call that fails, from 1 on; 0: none */
    bool always, kills; /* it and all that follow; the process */
    int code;           /* its errno; 0: it does nothing, and says so */
    bool named;         /* no file can be without a name */
    size_t most;        /* bytes of a write; 0: all */
} fault;

/* What fails from now on, while calls are watched. Starts counting. */
void watch(fault how);
void stop_watching(void);

extern int seen, count[ANY]; /* calls that count for the fault; all calls of each kind */
extern call hit;             /* the kind of the one that failed */

#endif
