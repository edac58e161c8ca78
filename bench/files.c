/* 100 MB in 25 arrays: saved as safetensors, loaded, and mapped. The bare forms write and read the numbers with no
 * format: saving is write and fsync, loading is read into new memory, mapping is mmap. All of it goes through the
 * system's cache, as it does where a program saves and loads what it works on. */
#define _XOPEN_SOURCE 700
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARRAYS = 25, PATH = 256 };

typedef struct files {
    bool unsynced;
    size_t count, bytes; /* of an array */
    float *numbers;
    ad_named_view views[ARRAYS];
    char names[ARRAYS][8], folder[PATH], path[PATH], bare_path[PATH];
    float last, bare_last; /* what was seen at the end of the last array */
} files;

typedef struct files_spec {
    bool unsynced;
} files_spec;

static void check_file(const files *f, bool good)
{
    if (!good)
        fail("%s: a file cannot be written or read", f->folder);
}

/* ---- by adze ------------------------------------------------------------------------ */

static void save(void *state)
{
    files *f = state;
    ad_write_options options = {.size = sizeof options, .unsynced = f->unsynced};
    check_file(f,
               ad_safetensors_write(f->path, ARRAYS, f->views, 0, NULL, &options, NULL) == AD_OK);
}

static ad_safetensors *open_file(const files *f)
{
    ad_safetensors *file = ad_safetensors_open(f->path, NULL, NULL);
    check_file(f, file != NULL);
    return file;
}

static void load(void *state)
{
    files *f = state;
    ad_array a[ARRAYS];
    ad_safetensors *file = open_file(f);
    for (int i = 0; i < ARRAYS; i++)
        check_file(f, ad_safetensors_read(file, i, NULL, &a[i], NULL) == AD_OK);
    f->last = ((float *)a[ARRAYS - 1].data)[f->count - 1];
    for (int i = 0; i < ARRAYS; i++)
        ad_array_free(&a[i]);
    ad_safetensors_close(file);
}

static void map(void *state)
{
    files *f = state;
    ad_safetensors *file = open_file(f);
    ad_view v = {.data = NULL};
    for (int i = 0; i < ARRAYS; i++)
        v = ad_safetensors_view(file, i);
    f->last = ((const float *)v.data)[f->count - 1];
    ad_safetensors_close(file);
}

/* ---- bare --------------------------------------------------------------------------- */

static void bare_save(void *state)
{
    files *f = state;
    size_t all = ARRAYS * f->bytes;
    int file = open(f->bare_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    check_file(f, file >= 0);
    for (size_t done = 0; done < all;) {
        ssize_t n = write(file, (const char *)f->numbers + done, all - done);
        check_file(f, n > 0);
        done += (size_t)n;
    }
    check_file(f, (f->unsynced || fsync(file) == 0) && close(file) == 0);
}

static void bare_load(void *state)
{
    files *f = state;
    char *a[ARRAYS];
    int file = open(f->bare_path, O_RDONLY);
    check_file(f, file >= 0);
    for (int i = 0; i < ARRAYS; i++) {
        a[i] = malloc(f->bytes);
        for (size_t done = 0; done < f->bytes;) {
            ssize_t n = read(file, a[i] + done, f->bytes - done);
            check_file(f, n > 0);
            done += (size_t)n;
        }
    }
    memcpy(&f->bare_last, a[ARRAYS - 1] + f->bytes - sizeof f->bare_last, sizeof f->bare_last);
    for (int i = 0; i < ARRAYS; i++)
        free(a[i]);
    close(file);
}

static void bare_map(void *state)
{
    files *f = state;
    size_t all = ARRAYS * f->bytes;
    int file = open(f->bare_path, O_RDONLY);
    check_file(f, file >= 0);
    const float *x = mmap(NULL, all, PROT_READ, MAP_PRIVATE, file, 0);
    check_file(f, x != MAP_FAILED);
    f->bare_last = x[ARRAYS * f->count - 1];
    munmap((void *)(uintptr_t)x, all);
    close(file);
}

/* ---- both --------------------------------------------------------------------------- */

static bench_work setup(const bench_case *c, const bench_setting *s)
{
    files *f = take(1, sizeof *f);
    const char *parent = getenv("TMPDIR");
    f->unsynced = ((const files_spec *)c->spec)->unsynced;
    f->count = s->smoke ? 10000 : 1000000;
    f->bytes = f->count * sizeof *f->numbers;
    f->numbers = take(ARRAYS * f->count, sizeof *f->numbers);
    fill(AD_F32, f->numbers, ARRAYS * f->count, 1, -1, 1);
    for (int i = 0; i < ARRAYS; i++) {
        snprintf(f->names[i], sizeof f->names[i], "w%02d", i);
        f->views[i] =
            (ad_named_view){.name = f->names[i],
                            .view = AD_VIEW(f->numbers + (size_t)i * f->count, (int64_t)f->count)};
    }
    snprintf(f->folder, PATH - 8, "%s/adze-bench-XXXXXX", parent ? parent : "/tmp");
    check_file(f, mkdtemp(f->folder) != NULL);
    snprintf(f->path, PATH, "%.240s/adze", f->folder);
    snprintf(f->bare_path, PATH, "%.240s/bare", f->folder);
    save(f);
    bare_save(f);
    return (bench_work){.state = f, .units = 1, .bytes = (double)(ARRAYS * f->bytes)};
}

/* Both files hold the numbers, and the same was seen at their ends. */
static double difference_of(void *state)
{
    files *f = state;
    load(f);
    bare_load(f);
    float last = f->numbers[ARRAYS * f->count - 1];
    return f->last == last && f->bare_last == last ? 0 : 1;
}

static void teardown(void *state)
{
    files *f = state;
    unlink(f->path);
    unlink(f->bare_path);
    rmdir(f->folder);
    free(f->numbers);
    free(f);
}

static const bench_kind saving = {.setup = setup,
                                  .adze = save,
                                  .bare = bare_save,
                                  .difference = difference_of,
                                  .teardown = teardown};
static const bench_kind loading = {.setup = setup,
                                   .adze = load,
                                   .bare = bare_load,
                                   .difference = difference_of,
                                   .teardown = teardown};
static const bench_kind mapping = {.setup = setup,
                                   .adze = map,
                                   .bare = bare_map,
                                   .difference = difference_of,
                                   .teardown = teardown};

static const files_spec synced = {false}, unsynced = {true};

static const bench_case cases[] = {
    {"save_100mb", "25 arrays to safetensors, on the disk; bare: write and fsync", &saving,
     &synced},
    {"save_100mb_unsynced", "the same without waiting for the disk", &saving, &unsynced},
    {"load_100mb", "25 arrays from safetensors; bare: read into new memory", &loading, &unsynced},
    {"map_100mb", "views of 25 arrays in safetensors; bare: mmap", &mapping, &unsynced},
};
const bench_table files_table = BENCH_TABLE(cases);
