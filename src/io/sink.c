/* The file is written without a name (O_TMPFILE), so that nothing is left of it if the process is killed. At the end
 * it gets an interim name, because a link cannot replace a file, and is renamed to its own. Where files cannot be
 * without a name, it has the interim name from the beginning. That name depends on the target's alone, so what a
 * killed process left is removed by the next who writes that target. While a file has the interim name, its writer
 * holds a lock on it, and nobody else takes the name from it. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "io/sink.h"

#include "base/sized.h"
#include "io/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STEP = 4 << 20, TRIES = 1000, LONGEST_NAME = 120 };

static ad_status failure(const ad_sink *s, int code)
{
    return ad_file_failure(s->error, s->path, code);
}

/* ---- where it goes ------------------------------------------------------------------- */

/* What stands there is to be a file that may be written to, though it will be replaced. */
static ad_status look_at_old(ad_sink *s, const char *path)
{
    struct stat old;
    s->replaces = stat(path, &old) == 0;
    if (!s->replaces)
        return errno == ENOENT ? AD_OK : failure(s, errno);
    if (S_ISDIR(old.st_mode))
        return ad_fail(s->error, AD_FILE, "%s: is a directory, not a file", s->path);
    if (!S_ISREG(old.st_mode))
        return ad_fail(s->error, AD_FILE, "%s: is not a regular file", s->path);
    s->permissions = old.st_mode & 0777;
    s->owner = old.st_uid;
    s->group = old.st_gid;
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? AD_OK : failure(s, errno);
}

/* A link is followed, but one that leads nowhere is refused by the system. */
static ad_status find_target(ad_sink *s, const char *path)
{
    struct stat about;
    _Static_assert(PATH_MAX <= AD_PATH_SIZE, "for realpath");
    ad_status status = look_at_old(s, path);
    if (status != AD_OK)
        return status;
    if (lstat(path, &about) == 0 && S_ISLNK(about.st_mode))
        return realpath(path, s->target) ? AD_OK : failure(s, errno);
    snprintf(s->target, sizeof s->target, "%s", path); /* stat has taken the path: it fits */
    return AD_OK;
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

static ad_status open_folder(ad_sink *s)
{
    char *slash = strrchr(s->target, '/');
    s->name = slash ? slash + 1 : s->target;
    if (!*s->name)
        return ad_fail(s->error, AD_FILE, "%s: there is no name of a file", s->path);
    const char *folder = !slash ? "." : slash == s->target ? "/" : s->target;
    if (slash && slash != s->target)
        *slash = '\0';
    do
        s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (s->folder < 0 && errno == EINTR);
    return s->folder < 0 ? failure(s, errno) : AD_OK;
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

/* ---- the beginning ------------------------------------------------------------------- */

static ad_status report(ad_sink *s)
{
    s->told = s->written;
    if (!s->options.progress || s->options.progress(s->options.user, s->written, s->all))
        return AD_OK;
    return ad_fail(s->error, AD_CANCELLED, "%s: cancelled after %llu of %llu bytes", s->path,
                   (unsigned long long)s->written, (unsigned long long)s->all);
}

/* Beyond the process's limit a write would end it by a signal. */
static ad_status check_limit(const ad_sink *s)
{
    struct rlimit limit;
    bool limited = getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return limited && s->all > limit.rlim_cur ? failure(s, EFBIG) : AD_OK;
}

static ad_status open_file(ad_sink *s, const char *path)
{
    ad_status status = check_limit(s);
    if (status == AD_OK)
        status = find_target(s, path);
    if (status == AD_OK)
        status = open_folder(s);
    if (status != AD_OK)
        return status;
    s->nameless = open_nameless(s);
    name_interim(s);
    status = s->nameless ? AD_OK : open_interim(s);
    if (status != AD_OK)
        close(s->folder);
    return status;
}

ad_status ad_sink_open(ad_sink *s, const char *op, const char *path, uint64_t all,
                       const ad_write_options *options, ad_error *error)
{
    s->options = (ad_write_options){.progress = NULL};
    if (options && !ad_sized_read(&s->options, sizeof s->options, options,
                                  AD_END_OF(ad_write_options, unsynced)))
        return ad_fail(error, AD_MISUSE, "%s: the options need .size = sizeof(ad_write_options)",
                       op);
    s->path = ad_path_tail(path);
    s->error = error;
    s->written = s->told = 0;
    s->all = all;
    s->held = 0;
    ad_status status = open_file(s, path);
    if (status != AD_OK)
        return status;
    status = report(s);
    return status == AD_OK ? AD_OK : ad_sink_close(s, status);
}

/* ---- bytes --------------------------------------------------------------------------- */

static ad_status put(ad_sink *s, const unsigned char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t step = write(s->file, bytes, n < STEP ? n : STEP);
        if (step < 0 && errno == EINTR)
            continue;
        if (step <= 0)
            return failure(s, step < 0 ? errno : EIO);
        bytes += step;
        n -= (size_t)step;
        s->written += (size_t)step;
        if (s->written - s->told >= STEP) {
            ad_status status = report(s);
            if (status != AD_OK)
                return status;
        }
    }
    return AD_OK;
}

static ad_status flush(ad_sink *s)
{
    size_t n = s->held;
    s->held = 0;
    return put(s, s->buffer, n);
}

ad_status ad_sink_write(ad_sink *s, const void *bytes, size_t n)
{
    if (n > sizeof s->buffer - s->held) {
        ad_status status = flush(s);
        if (status != AD_OK)
            return status;
    }
    if (n > sizeof s->buffer)
        return put(s, bytes, n);
    if (n > 0)
        memcpy(s->buffer + s->held, bytes, n);
    s->held += n;
    return AD_OK;
}

/* ---- the end ------------------------------------------------------------------------- */

/* The owner is kept where the system allows it; what the file itself allows, always. Some file systems have the same
 * permissions for all files and refuse to change them, even to what they are. */
static ad_status keep_permissions(const ad_sink *s)
{
    struct stat own;
    if (!s->replaces)
        return AD_OK;
    if (fstat(s->file, &own) != 0)
        return failure(s, errno);
    bool others = own.st_uid != s->owner || own.st_gid != s->group;
    if (others && fchown(s->file, s->owner, s->group) != 0)
        (void)!fchown(s->file, (uid_t)-1, s->group);
    bool kept = (own.st_mode & 0777) == s->permissions || fchmod(s->file, s->permissions) == 0;
    return kept ? AD_OK : failure(s, errno);
}

static int synced(int file)
{
    while (fsync(file) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

static ad_status sync_file(const ad_sink *s)
{
    int code = s->options.unsynced ? 0 : synced(s->file);
    return code == 0 ? AD_OK : failure(s, code);
}

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

static ad_status give_name(const ad_sink *s)
{
    ad_status status = s->nameless ? give_interim(s) : AD_OK;
    if (status != AD_OK || renameat(s->folder, s->interim, s->folder, s->name) == 0)
        return status;
    status = failure(s, errno);
    unlinkat(s->folder, s->interim, 0);
    return status;
}

/* Some file systems cannot sync a folder; they say EINVAL. */
static ad_status sync_folder(const ad_sink *s)
{
    int code = s->options.unsynced ? 0 : synced(s->folder);
    char place[512];
    snprintf(place, sizeof place, "%s: is written, but a loss of power may undo it", s->path);
    return code == 0 || code == EINVAL ? AD_OK : ad_file_failure(s->error, place, code);
}

ad_status ad_sink_close(ad_sink *s, ad_status status)
{
    if (status == AD_OK)
        status = flush(s);
    if (status == AD_OK && s->told < s->written)
        status = report(s);
    if (status == AD_OK)
        status = keep_permissions(s);
    if (status == AD_OK)
        status = sync_file(s);
    bool complete = status == AD_OK;
    if (complete)
        status = give_name(s);
    else if (!s->nameless)
        unlinkat(s->folder, s->interim, 0);
    close(s->file);
    if (complete && status == AD_OK)
        status = sync_folder(s);
    close(s->folder);
    return status;
}
