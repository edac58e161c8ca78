/* Files that are written whole or not at all, for tests of the sink. */
#define _POSIX_C_SOURCE 200809L
#include "saving.h"

#include "io/sink.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL = 100, LARGE = 40000, LENGTH = SMALL + LARGE + SMALL };

ad_status save_letter(const char *path, char letter, const ad_write_options *options,
                      ad_error *error)
{
    static const size_t pieces[] = {SMALL, LARGE, 0, SMALL};
    char bytes[LARGE];
    memset(bytes, letter, sizeof bytes);
    ad_sink sink;
    ad_status status = ad_sink_open(&sink, "save", path, LENGTH, options, error);
    if (status != AD_OK)
        return status;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces && status == AD_OK; i++)
        status = ad_sink_write(&sink, bytes, pieces[i]);
    return ad_sink_close(&sink, status);
}

char letter_in(const char *path)
{
    char bytes[LENGTH + 1];
    FILE *file = fopen(path, "rb");
    if (!file)
        return '\0';
    size_t n = fread(bytes, 1, sizeof bytes, file);
    ck_assert_int_eq(fclose(file), 0);
    size_t same = 0;
    while (same < n && bytes[same] == bytes[0])
        same++;
    return n == LENGTH && same == n ? bytes[0] : '?';
}

const char *names_beside(const char *folder, const char *name)
{
    static char names[4096];
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    names[0] = '\0';
    for (struct dirent *entry; (entry = readdir(d));)
        if (strcmp(entry->d_name, name) != 0 && strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0) {
            size_t at = strlen(names);
            snprintf(names + at, sizeof names - at, "%s ", entry->d_name);
        }
    closedir(d);
    return names;
}

saving saving_begin(void)
{
    saving s;
    make_directory(s.folder);
    ck_assert_int_lt(snprintf(s.path, sizeof s.path, "%s/file", s.folder), PATH_SIZE);
    return s;
}

void saving_end(const saving *s)
{
    remove_directory(s->folder);
}
