/* Every writer of files leaves the old file or the new one, complete, whichever call of the system fails: what
 * test_sink_faults.c shows of the sink holds of all that write through it. And a file that is open is read by several
 * threads at once. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <adze.h>

#include "saving.h"
#include "sink_calls.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NUMBERS = 3000 };

/* ---- the formats ------------------------------------------------------------------------- */

static double numbers[NUMBERS];
static const ad_shape matrix = {2, {NUMBERS / 30, 30}};

static ad_view view_of(double first)
{
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = first + i / 8.0;
    return ad_view_of(AD_F64, numbers, matrix);
}

typedef ad_status writer(const char *path, ad_view v, ad_error *error);

static ad_status write_npy(const char *path, ad_view v, ad_error *error)
{
    return ad_npy_write(path, v, NULL, error);
}

static ad_status write_npz(const char *path, ad_view v, ad_error *error)
{
    const ad_named_view one = {.name = "a", .view = v};
    return ad_npz_write(path, 1, &one, NULL, error);
}

static ad_status write_deflated(const char *path, ad_view v, ad_error *error)
{
    const ad_named_view one = {.name = "a", .view = v};
    return ad_npz_write_deflated(path, 1, &one, NULL, error);
}

static ad_status write_csv(const char *path, ad_view v, ad_error *error)
{
    return ad_csv_write(path, v, NULL, NULL, NULL, error);
}

static ad_status write_matrix_market(const char *path, ad_view v, ad_error *error)
{
    return ad_matrix_market_write(path, v, AD_GENERAL, NULL, error);
}

static ad_status write_safetensors(const char *path, ad_view v, ad_error *error)
{
    const ad_named_view one = {.name = "a", .view = v};
    return ad_safetensors_write(path, 1, &one, 0, NULL, NULL, error);
}

static ad_status write_training(const char *path, ad_view v, ad_error *error)
{
    ad_array array = ad_array_of(v.type, (void *)(uintptr_t)v.data, v.shape);
    const ad_training_part part = ad_array_part("a", &array);
    return ad_training_save(path, 1, &part, NULL, error);
}

typedef struct format {
    const char *name;
    writer *write;
} format;

static const format formats[] = {
    {"npy", write_npy},
    {"npz", write_npz},
    {"deflated npz", write_deflated},
    {"csv", write_csv},
    {"Matrix Market", write_matrix_market},
    {"safetensors", write_safetensors},
    {"a training state", write_training},
};

static const char *format_name(int row)
{
    return formats[row].name;
}

/* ---- files ------------------------------------------------------------------------------- */

typedef struct content {
    size_t size;
    char bytes[1 << 17];
} content;

static void read_content(const char *path, content *c)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    c->size = fread(c->bytes, 1, sizeof c->bytes, file);
    ck_assert_uint_lt(c->size, sizeof c->bytes);
    fclose(file);
}

static bool same(const content *a, const content *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static void write_whole(const format *f, const char *path, double first, content *c)
{
    ad_error error = {AD_OK, ""};
    f->write(path, view_of(first), &error);
    ck_assert_str_eq(error.text, "");
    read_content(path, c);
}

START_TEST(each_format_is_the_old_file_or_the_new_one_whichever_call_fails)
{
    static content old, new, now;
    const format *f = &formats[_i];
    saving s = saving_begin();
    int at = 1;
    write_whole(f, s.path, 2, &new);
    write_whole(f, s.path, 1, &old);
    ck_assert(!same(&old, &new));
    for (;; at++) {
        ad_error error = {AD_OK, ""};
        ad_view v = view_of(2);
        watch((fault){.kind = ANY, .at = at, .code = EIO});
        ad_status status = f->write(s.path, v, &error);
        stop_watching();
        ck_assert_int_eq(status, error.status);
        read_content(s.path, &now);
        ck_assert_msg(same(&now, &new) || (status == AD_FILE && same(&now, &old)),
                      "%s, call %d: a torn file: %s", f->name, at, error.text);
        ck_assert_msg(status == AD_OK || strstr(error.text, strerror(EIO)), "%s", error.text);
        ck_assert_str_eq(names_beside(s.folder, "file"), "");
        write_whole(f, s.path, 1, &old);
        if (seen < at)
            break;
    }
    ck_assert_int_gt(at, 8);
    saving_end(&s);
}
END_TEST

START_TEST(each_format_finds_the_disk_full)
{
    static content old, now;
    const format *f = &formats[_i];
    saving s = saving_begin();
    ad_error error = {AD_OK, ""};
    write_whole(f, s.path, 1, &old);
    ad_view v = view_of(2);
    watch((fault){.kind = WRITE, .at = 1, .always = true, .code = ENOSPC});
    ck_assert_int_eq(f->write(s.path, v, &error), AD_FILE);
    stop_watching();
    ck_assert_ptr_nonnull(strstr(error.text, strerror(ENOSPC)));
    read_content(s.path, &now);
    ck_assert(same(&now, &old));
    ck_assert_str_eq(names_beside(s.folder, "file"), "");
    saving_end(&s);
}
END_TEST

/* ---- threads ----------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 50, ARRAYS = 3 };

/* An open file of either kind, which several threads read. */
typedef struct shared {
    const ad_npz *npz;
    const ad_safetensors *safetensors;
    double first[ARRAYS];
} shared;

static bool reads_well(const shared *s, int i)
{
    ad_array a = {.data = NULL};
    ad_status status = s->npz ? ad_npz_read(s->npz, i, NULL, &a, NULL)
                              : ad_safetensors_read(s->safetensors, i, NULL, &a, NULL);
    const double *found = a.data;
    bool good = status == AD_OK && found[0] == s->first[i] &&
                found[NUMBERS - 1] == s->first[i] + (NUMBERS - 1) / 8.0;
    ad_array_free(&a);
    return good;
}

static void *read_all(void *user)
{
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < ARRAYS; i++)
            if (!reads_well(user, i))
                return user;
    return NULL;
}

static void read_on_threads(shared *s)
{
    pthread_t thread[THREADS];
    for (int k = 0; k < THREADS; k++)
        ck_assert_int_eq(pthread_create(&thread[k], NULL, read_all, s), 0);
    for (int k = 0; k < THREADS; k++) {
        void *failed;
        ck_assert_int_eq(pthread_join(thread[k], &failed), 0);
        ck_assert_ptr_null(failed);
    }
}

START_TEST(threads_read_one_open_file_at_once)
{
    static double all[ARRAYS][NUMBERS];
    ad_named_view views[ARRAYS] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
    saving s = saving_begin();
    shared file = {.first = {1, 2, 3}};
    ad_error error = {AD_OK, ""};
    for (int i = 0; i < ARRAYS; i++) {
        memcpy(all[i], view_of(file.first[i]).data, sizeof all[i]);
        views[i].view = ad_view_of(AD_F64, all[i], matrix);
    }
    for (int deflated = 0; deflated < 2; deflated++) {
        ad_status status = deflated ? ad_npz_write_deflated(s.path, ARRAYS, views, NULL, &error)
                                    : ad_npz_write(s.path, ARRAYS, views, NULL, &error);
        ck_assert_msg(status == AD_OK, "%s", error.text);
        ad_npz *npz = ad_npz_open(s.path, NULL, &error);
        file.npz = npz;
        read_on_threads(&file);
        ad_npz_close(npz);
    }
    ck_assert_int_eq(ad_safetensors_write(s.path, ARRAYS, views, 0, NULL, NULL, &error), AD_OK);
    ad_safetensors *safetensors = ad_safetensors_open(s.path, NULL, &error);
    file.npz = NULL;
    file.safetensors = safetensors;
    read_on_threads(&file);
    ad_safetensors_close(safetensors);
    saving_end(&s);
}
END_TEST

int main(void)
{
    TCase *writers = tcase_create("writers");
    const int all = sizeof formats / sizeof *formats;
    add_row_tests(writers, each_format_is_the_old_file_or_the_new_one_whichever_call_fails, all,
                  format_name);
    add_row_tests(writers, each_format_finds_the_disk_full, all, format_name);
    tcase_add_test(writers, threads_read_one_open_file_at_once);
    Suite *suite = suite_create("writer faults");
    suite_add_tcase(suite, writers);
    return run_suite(suite);
}
