/* The file is written without a name (O_TMPFILE), so that nothing is left of it if the process is killed. At the end
 * it gets an interim name, because a link cannot replace a file, and is renamed to its own. Where files cannot be
 * without a name, it has the interim name from the beginning. That name depends on the target's alone, so what a
 * killed process left is removed by the next who writes that target. While a file has the interim name, its writer
 * holds a lock on it, and nobody else takes the name from it. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "io/interim.h"

#include "io/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 1000, LONGEST_NAME = 120 };

static ad_status failure(const ad_sink *s, int code)
{
    return ad_file_failure(s->error, s->path, code);
}

/* Names beside which there might be no room for more are replaced by their hash (FNV-1a). */
static void name_interim(ad_sink *s)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (const char *c = s->name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
    if (strlen(s->name) <= LONGEST_NAME)
        snprintf(s->interim, sizeof s->interim, ".%s.adze-new", s->name);
    else
        snprintf(s->interim, sizeof s->interim, ".%016llx.adze-new", (unsigned long long)hash);
}

/* ---- a file without a name ----------------------------------------------------------- */

static void link_text(const ad_sink *s, char *text, size_t size)
{
    snprintf(text, size, "/proc/self/fd/%d", s->file);
}

/* Nobody is to read what the old file kept from him, not even before it is complete. */
static mode_t first_permissions(const ad_sink *s)
{
    return s->replaces ? s->permissions | S_IWUSR : 0666;
}

/* Whether there is a file without a name, now locked. It can get one by /proc alone. */
static bool open_nameless(ad_sink *s)
{
#ifdef O_TMPFILE
    char text[64];
    do
        s->file = openat(s->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, first_permissions(s));
    while (s->file < 0 && errno == EINTR);
    if (s->file < 0)
        return false;
    link_text(s, text, sizeof text);
    if (access(text, F_OK) == 0 && flock(s->file, LOCK_EX | LOCK_NB) == 0)
        return true;
    close(s->file);
#endif
    return false;
}

/* ---- a file with an interim name ----------------------------------------------------- */

/* Whether a file has the interim name: another process may have removed or renamed it in the meantime. */
static bool is_interim(const ad_sink *s, int file)
{
    struct stat own, named;
    return fstat(file, &own) == 0 &&
           fstatat(s->folder, s->interim, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           own.st_ino == named.st_ino && own.st_dev == named.st_dev;
}

static ad_status in_the_way(const ad_sink *s, int code)
{
    char place[512];
    snprintf(place, sizeof place, "%s: %s is in the way", s->path, s->interim);
    return ad_file_failure(s->error, place, code);
}

static ad_status busy(const ad_sink *s)
{
    return ad_fail(s->error, AD_BUSY, "%s: someone else is writing it", s->path);
}

/* Removes what a process left that was killed. Returns 0, or errno; EWOULDBLOCK: its writer is alive. */
static int remove_left(const ad_sink *s)
{
    int code = 0,
        file = openat(s->folder, s->interim, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return errno == ENOENT || errno == EINTR ? 0 : errno;
    if (flock(file, LOCK_EX | LOCK_NB) != 0)
        code = errno;
    else if (is_interim(s, file) && unlinkat(s->folder, s->interim, 0) != 0)
        code = errno;
    close(file);
    return code;
}

/* Whether a new file could be locked before someone took it for one that was left. */
static bool lock_new(const ad_sink *s, ad_status *status)
{
    if (flock(s->file, LOCK_EX | LOCK_NB) == 0)
        return is_interim(s, s->file);
    if (errno == EWOULDBLOCK)
        return false;
    *status = failure(s, errno);
    unlinkat(s->folder, s->interim, 0);
    return false;
}

static ad_status open_interim(ad_sink *s)
{
    ad_status status = AD_OK;
    for (int i = 0; i < TRIES && status == AD_OK; i++) {
        s->file = openat(s->folder, s->interim, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                         first_permissions(s));
        if (s->file >= 0) {
            if (lock_new(s, &status))
                return AD_OK;
            close(s->file);
        } else if (errno == EEXIST) {
            int code = remove_left(s);
            status = code == 0 ? AD_OK : code == EWOULDBLOCK ? busy(s) : in_the_way(s, code);
        } else if (errno != EINTR) {
            status = failure(s, errno);
        }
    }
    return status == AD_OK ? busy(s) : status;
}

ad_status ad_interim_open(ad_sink *s)
{
    name_interim(s);
    s->nameless = open_nameless(s);
    return s->nameless ? AD_OK : open_interim(s);
}

/* ---- the end ------------------------------------------------------------------------- */

/* Another writer has the interim name only for a moment, so it is waited for, up to a second or two. */
static ad_status give_interim(const ad_sink *s)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    char text[64];
    link_text(s, text, sizeof text);
    for (int i = 0; i < TRIES; i++) {
        if (linkat(AT_FDCWD, text, s->folder, s->interim, AT_SYMLINK_FOLLOW) == 0)
            return AD_OK;
        if (errno != EEXIST)
            return failure(s, errno);
        int code = remove_left(s);
        if (code == EWOULDBLOCK)
            nanosleep(&moment, NULL);
        else if (code != 0)
            return in_the_way(s, code);
    }
    return busy(s);
}

ad_status ad_interim_rename(const ad_sink *s)
{
    ad_status status = s->nameless ? give_interim(s) : AD_OK;
    if (status != AD_OK || renameat(s->folder, s->interim, s->folder, s->name) == 0)
        return status;
    status = failure(s, errno);
    unlinkat(s->folder, s->interim, 0);
    return status;
}

void ad_interim_remove(const ad_sink *s)
{
    if (!s->nameless)
        unlinkat(s->folder, s->interim, 0);
}
