/* The calls of the system that the sink makes, of which each may fail. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "sink_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static fault f;
static bool watching;
int seen, count[ANY];
call hit;

void watch(fault how)
{
    f = how;
    seen = 0;
    hit = ANY;
    memset(count, 0, sizeof count);
    watching = true;
}

void stop_watching(void)
{
    watching = false;
}

static bool fails(call kind)
{
    if (!watching)
        return false;
    count[kind]++;
    if (f.kind != ANY && f.kind != kind)
        return false;
    seen++;
    if (!f.at || seen < f.at || (seen > f.at && !f.always))
        return false;
    if (f.kills)
        kill(getpid(), SIGKILL);
    hit = kind;
    errno = f.code;
    return true;
}

#define WRAP(kind, result, failure, name, parameters, arguments) \
    result __real_##name parameters;                             \
    result __wrap_##name parameters;                             \
    result __wrap_##name parameters                              \
    {                                                            \
        return fails(kind) ? failure : __real_##name arguments;  \
    }
#define WRAP_BOTH(kind, result, failure, name, parameters, arguments) \
    WRAP(kind, result, failure, name, parameters, arguments)          \
    WRAP(kind, result, failure, name##64, parameters, arguments)

WRAP_BOTH(STAT, int, -1, stat, (const char *path, void *about), (path, about))
WRAP_BOTH(LSTAT, int, -1, lstat, (const char *path, void *about), (path, about))
WRAP_BOTH(FSTAT, int, -1, fstat, (int file, void *about), (file, about))
WRAP_BOTH(FSTATAT, int, -1, fstatat, (int folder, const char *path, void *about, int how),
          (folder, path, about, how))
WRAP(FACCESSAT, int, -1, faccessat, (int folder, const char *path, int mode, int how),
     (folder, path, mode, how))
WRAP(REALPATH, char *, NULL, realpath, (const char *path, char *to), (path, to))
WRAP(ACCESS, int, -1, access, (const char *path, int mode), (path, mode))
WRAP(FLOCK, int, -1, flock, (int file, int how), (file, how))
WRAP(FSYNC, int, -1, fsync, (int file), (file))
WRAP(FCHMOD, int, -1, fchmod, (int file, mode_t mode), (file, mode))
WRAP(FCHOWN, int, -1, fchown, (int file, uid_t user, gid_t group), (file, user, group))
WRAP(LINKAT, int, -1, linkat, (int from, const char *path, int to, const char *name, int how),
     (from, path, to, name, how))
WRAP(RENAMEAT, int, -1, renameat, (int from, const char *path, int to, const char *name),
     (from, path, to, name))
WRAP(UNLINKAT, int, -1, unlinkat, (int folder, const char *path, int how), (folder, path, how))

WRAP_BOTH(FALLOCATE, int, -1, fallocate, (int file, int how, off_t from, off_t n),
          (file, how, from, n))
WRAP_BOTH(FTRUNCATE, int, -1, ftruncate, (int file, off_t n), (file, n))
WRAP(SYNC_RANGE, int, -1, sync_file_range, (int file, off_t from, off_t n, unsigned how),
     (file, from, n, how))

#define WRAP_OPEN(kind, name, parameters, arguments)                    \
    int __real_##name parameters;                                       \
    int __wrap_##name parameters;                                       \
    int __wrap_##name parameters                                        \
    {                                                                   \
        va_list list;                                                   \
        va_start(list, how);                                            \
        int mode = how & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0; \
        va_end(list);                                                   \
        if (watching && f.named && (how & O_TMPFILE) == O_TMPFILE) {    \
            errno = EOPNOTSUPP;                                         \
            return -1;                                                  \
        }                                                               \
        return fails(kind) ? -1 : __real_##name arguments;              \
    }
WRAP_OPEN(OPEN, open, (const char *path, int how, ...), (path, how, mode))
WRAP_OPEN(OPEN, open64, (const char *path, int how, ...), (path, how, mode))
WRAP_OPEN(OPENAT, openat, (int folder, const char *path, int how, ...), (folder, path, how, mode))
WRAP_OPEN(OPENAT, openat64, (int folder, const char *path, int how, ...), (folder, path, how, mode))

ssize_t __real_write(int file, const void *from, size_t n);
ssize_t __wrap_write(int file, const void *from, size_t n);
ssize_t __wrap_write(int file, const void *from, size_t n)
{
    if (fails(WRITE))
        return f.code ? -1 : 0;
    return __real_write(file, from, watching && f.most && n > f.most ? f.most : n);
}
