/* The file is written without a name (O_TMPFILE), so that nothing is left of it if the process is killed. At the end
 * it gets an interim name, and is renamed to its own. Where files cannot be without a name, it has the interim name
 * from the beginning. That name depends on the target's alone, so what a killed process may have left is
 * taken over by the next one that writes the same file; a lock tells it from one at work. */
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
#include <sys/stat.h>
#include <unistd.h>

enum { STEP = 4 << 20, TRIES = 100 };

static ad_status failure(const ad_sink *s, int code)
{
    return ad_file_failure(s->error, s->path, code);
}

/* ---- where it goes ------------------------------------------------------------------- */

/* Looks at what stands there. A link is followed, but one that leads nowhere is refused by the system. */
static ad_status find_target(ad_sink *s, const char *path)
{
    struct stat about;
    s->permissions = -1;
    if (stat(path, &about) == 0) {
        if (S_ISDIR(about.st_mode))
            return ad_fail(s->error, AD_FILE, "%s: is a directory, not a file", s->path);
        if (!S_ISREG(about.st_mode))
            return ad_fail(s->error, AD_FILE, "%s: is not a regular file", s->path);
        s->permissions = about.st_mode & 0777;
    }
    bool there = lstat(path, &about) == 0;
    if (there && !realpath(path, s->target))
        return failure(s, errno);
    if (!there && (size_t)snprintf(s->target, sizeof s->target, "%s", path) >= sizeof s->target)
        return failure(s, ENAMETOOLONG);
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
    if (s->folder < 0)
        return failure(s, errno);
    snprintf(s->interim, sizeof s->interim, ".%.240s.adze-new", s->name);
    return AD_OK;
}

/* ---- the file ------------------------------------------------------------------------ */

static void link_text(const ad_sink *s, char *text, size_t size)
{
    snprintf(text, size, "/proc/self/fd/%d", s->file);
}

/* Whether there is a file without a name. It can get one by /proc alone. */
static bool open_nameless(ad_sink *s)
{
#ifdef O_TMPFILE
    char text[64];
    s->file = openat(s->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (s->file < 0)
        return false;
    link_text(s, text, sizeof text);
    if (access(text, F_OK) == 0)
        return true;
    close(s->file);
#endif
    return false;
}

/* Whether the file still has the interim name: another process may have renamed it in the meantime. */
static bool is_interim(const ad_sink *s)
{
    struct stat own, named;
    return fstat(s->file, &own) == 0 &&
           fstatat(s->folder, s->interim, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           own.st_ino == named.st_ino && own.st_dev == named.st_dev;
}

static ad_status open_interim(ad_sink *s)
{
    for (int i = 0; i < TRIES; i++) {
        s->file = openat(s->folder, s->interim, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (s->file < 0 && errno == EINTR)
            continue;
        if (s->file < 0)
            return failure(s, errno);
        int code = flock(s->file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
        if (code == 0 && is_interim(s) && ftruncate(s->file, 0) == 0)
            return AD_OK;
        close(s->file);
        if (code == EWOULDBLOCK)
            return ad_fail(s->error, AD_BUSY, "%s: another process is writing it", s->path);
    }
    return ad_fail(s->error, AD_FILE, "%s: no interim file can be made beside it", s->path);
}

static ad_status report(ad_sink *s)
{
    s->told = s->written;
    if (!s->options.progress || s->options.progress(s->options.user, s->written, s->all))
        return AD_OK;
    return ad_fail(s->error, AD_CANCELLED, "%s: cancelled after %llu of %llu bytes", s->path,
                   (unsigned long long)s->written, (unsigned long long)s->all);
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
    ad_status status = find_target(s, path);
    if (status == AD_OK)
        status = open_folder(s);
    if (status != AD_OK)
        return status;
    s->nameless = open_nameless(s);
    status = s->nameless ? AD_OK : open_interim(s);
    if (status != AD_OK) {
        close(s->folder);
        return status;
    }
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
        if (step < 0)
            return failure(s, errno);
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

static ad_status sync_file(const ad_sink *s)
{
    if (s->permissions >= 0 && fchmod(s->file, (mode_t)s->permissions) != 0)
        return failure(s, errno);
    int code;
    do
        code = s->options.unsynced ? 0 : fsync(s->file);
    while (code != 0 && errno == EINTR);
    return code == 0 ? AD_OK : failure(s, errno);
}

/* Two that write the same file may take each other's interim name. Both files are complete, so it does not
 * matter whose becomes the target first. */
static ad_status give_name(ad_sink *s)
{
    char text[64];
    link_text(s, text, sizeof text);
    for (int i = 0; i < TRIES; i++) {
        if (s->nameless && linkat(AT_FDCWD, text, s->folder, s->interim, AT_SYMLINK_FOLLOW) != 0) {
            if (errno != EEXIST)
                return failure(s, errno);
            unlinkat(s->folder, s->interim, 0);
            continue;
        }
        if (renameat(s->folder, s->interim, s->folder, s->name) == 0)
            return AD_OK;
        int code = errno;
        if (code == ENOENT && s->nameless)
            continue;
        unlinkat(s->folder, s->interim, 0);
        return failure(s, code);
    }
    return ad_fail(s->error, AD_BUSY, "%s: other processes keep writing it", s->path);
}

static ad_status sync_folder(const ad_sink *s)
{
    if (s->options.unsynced || fsync(s->folder) == 0)
        return AD_OK;
    return failure(s, errno);
}

ad_status ad_sink_close(ad_sink *s, ad_status status)
{
    if (status == AD_OK)
        status = flush(s);
    if (status == AD_OK && s->told < s->written)
        status = report(s);
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
