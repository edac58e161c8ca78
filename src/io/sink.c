/* Looks at what the file will replace, writes it, and puts it in its place when it is on the disk. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "io/sink.h"

#include "base/sized.h"
#include "io/failure.h"
#include "io/interim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEP = 4 << 20 };

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
    _Static_assert(PATH_MAX <= AD_LONGEST_PATH, "for realpath");
    ad_status status = look_at_old(s, path);
    if (status != AD_OK)
        return status;
    if (lstat(path, &about) == 0 && S_ISLNK(about.st_mode))
        return realpath(path, s->target) ? AD_OK : failure(s, errno);
    snprintf(s->target, sizeof s->target, "%s", path); /* stat has taken the path: it fits */
    return AD_OK;
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
    status = ad_interim_open(s);
    if (status != AD_OK)
        close(s->folder);
    return status;
}

/* Blocks that lie together are written faster. Not all file systems can reserve them, and it may be too much. */
static void reserve(const ad_sink *s)
{
#ifdef FALLOC_FL_KEEP_SIZE
    if (s->all >= STEP)
        (void)!fallocate(s->file, FALLOC_FL_KEEP_SIZE, 0, (off_t)s->all);
#endif
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
    reserve(s);
    status = report(s);
    return status == AD_OK ? AD_OK : ad_sink_close(s, status);
}

/* ---- bytes --------------------------------------------------------------------------- */

/* Has the disk begin with what was written since progress was told: it works while more is made. */
static void begin_sync(const ad_sink *s)
{
#ifdef SYNC_FILE_RANGE_WRITE
    if (!s->options.unsynced)
        (void)!sync_file_range(s->file, (off_t)s->told, (off_t)(s->written - s->told),
                               SYNC_FILE_RANGE_WRITE);
#endif
}

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
            begin_sync(s);
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

/* Gives back what was reserved in vain. */
static ad_status trim(const ad_sink *s)
{
    bool less = s->written < s->all && s->all >= STEP;
    return less && ftruncate(s->file, (off_t)s->written) != 0 ? failure(s, errno) : AD_OK;
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
        status = trim(s);
    if (status == AD_OK)
        status = sync_file(s);
    bool complete = status == AD_OK;
    if (complete)
        status = ad_interim_rename(s);
    else
        ad_interim_remove(s);
    close(s->file);
    if (complete && status == AD_OK)
        status = sync_folder(s);
    close(s->folder);
    return status;
}
