/* What all functions that write a file have in common.
 *
 * A file is written under no name, in the folder where it belongs, and gets its name once all its bytes are on the
 * disk. So whatever happens, an error, a kill, a loss of power, there is the old file or the new one, complete.
 * Where files cannot be without a name, or for the moment before it gets its own, it is called ".NAME.adze-new"; what a
 * killed process leaves under that name is removed by the next that writes the same file.
 *
 * Where the path is a symbolic link, the file that it leads to is replaced. A new file has the permissions of the old
 * one, and its owner where the system allows it, or else the permissions that the umask leaves. Other links to the old
 * file (hard links) keep the old one. An old file that is read-only is not replaced.
 *
 * AD_FILE has the path and the system's reason in its message: the folder is missing, or the disk is full. AD_BUSY:
 * another process or thread is writing the same file, where files need a name. AD_CANCELLED: progress said so. AD_MISUSE:
 * the options have no size. */
#ifndef ADZE_IO_WRITING_H
#define ADZE_IO_WRITING_H

#include "adze/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Told how many bytes are written, of how many in all. Returns whether to go on: if not, the file stays
 * as it was, and the function returns AD_CANCELLED. */
typedef bool ad_write_progress(void *user, uint64_t written, uint64_t all);

/* NULL: as if all but size were 0. */
typedef struct ad_write_options {
    size_t size;                 /* sizeof(ad_write_options) */
    ad_write_progress *progress; /* NULL: nobody asks. Called at the beginning, then after every 4 MB at most */
    void *user;
    bool unsynced;               /* does not wait for the disk: a loss of power may lose the old and the new file */
} ad_write_options;

#ifdef __cplusplus
}
#endif

#endif
