/* Calls of the system that fail, each in turn: the linker sends the library's own through here (ld's
 * --wrap). Whatever fails, the message says what, nothing is half read, and nothing leaks. */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64
#include "adze/pool.h"
#include "adze/program.h"

#include "idx_bytes.h"
#include "safetensors_bytes.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* ---- the calls ------------------------------------------------------------------------- */

static int fail_at, calls, failure; /* the call that fails, and how; 0: none */
static size_t most;                 /* bytes of a read; 0: as many as there are */

static bool fails(void)
{
    return fail_at && ++calls == fail_at;
}

ssize_t __real_read(int file, void *to, size_t n);
ssize_t __wrap_read(int file, void *to, size_t n);
ssize_t __wrap_read(int file, void *to, size_t n)
{
    if (most && fails()) {
        errno = failure;
        return -1;
    }
    return __real_read(file, to, most && n > most ? most : n);
}

/* At any place of a file. */
#define WRAP_PREAD(name)                                                 \
    ssize_t __real_##name(int file, void *to, size_t n, off_t at);       \
    ssize_t __wrap_##name(int file, void *to, size_t n, off_t at);       \
    ssize_t __wrap_##name(int file, void *to, size_t n, off_t at)        \
    {                                                                    \
        if (most && fails()) {                                           \
            errno = failure;                                             \
            return -1;                                                   \
        }                                                                \
        return __real_##name(file, to, most && n > most ? most : n, at); \
    }
WRAP_PREAD(pread)
WRAP_PREAD(pread64)

static bool map_fails;

#define WRAP_MMAP(name)                                                                   \
    void *__real_##name(void *at, size_t size, int how, int flags, int file, off_t from); \
    void *__wrap_##name(void *at, size_t size, int how, int flags, int file, off_t from); \
    void *__wrap_##name(void *at, size_t size, int how, int flags, int file, off_t from)  \
    {                                                                                     \
        return map_fails ? MAP_FAILED : __real_##name(at, size, how, flags, file, from);  \
    }
WRAP_MMAP(mmap)
WRAP_MMAP(mmap64)

static bool stat_fails;

#define WRAP_FSTAT(name)                                     \
    int __real_##name(int file, struct stat *about);         \
    int __wrap_##name(int file, struct stat *about);         \
    int __wrap_##name(int file, struct stat *about)          \
    {                                                        \
        errno = EIO;                                         \
        return stat_fails ? -1 : __real_##name(file, about); \
    }
WRAP_FSTAT(fstat)
WRAP_FSTAT(fstat64)

static int zlib_fails;

int __real_inflateInit2_(z_streamp stream, int bits, const char *version, int size);
int __wrap_inflateInit2_(z_streamp stream, int bits, const char *version, int size);
int __wrap_inflateInit2_(z_streamp stream, int bits, const char *version, int size)
{
    return zlib_fails ? zlib_fails : __real_inflateInit2_(stream, bits, version, size);
}

static bool threads_fail;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *),
                          void *user);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *),
                          void *user);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *),
                          void *user)
{
    return threads_fail && fails() ? EAGAIN : __real_pthread_create(thread, how, run, user);
}

/* ---- files -------------------------------------------------------------------------------- */

static ad_status load_small(int way, ad_error *error)
{
    blob b = {0};
    ad_array a = {0};
    test_allocator memory;
    test_allocator_init(&memory);
    blob_small(&b);
    *error = (ad_error){0};
    ad_status status = load(FROM_FILE | way, &b, &memory, &a, error);
    ck_assert(status == AD_OK || !a.data);
    ad_array_free(&a);
    ck_assert_uint_eq(memory.live_blocks, 0);
    return status;
}

/* Read a few bytes at a time, so that a file takes many reads. */
START_TEST(every_read_may_fail)
{
    ad_error error;
    failure = EIO;
    most = 3;
    for (fail_at = 1;; fail_at++) {
        calls = 0;
        ad_status status = load_small(_i, &error);
        if (calls < fail_at)
            break;
        ck_assert_int_eq(status, AD_FILE);
        ck_assert_ptr_nonnull(strstr(error.text, strerror(EIO)));
    }
    ck_assert_int_gt(fail_at, 8);
}
END_TEST

START_TEST(a_read_that_is_interrupted_is_repeated)
{
    ad_error error;
    failure = EINTR;
    most = 3;
    for (fail_at = 1; fail_at < 8; fail_at++) {
        calls = 0;
        ck_assert_int_eq(load_small(_i, &error), AD_OK);
    }
}
END_TEST

START_TEST(a_file_without_a_size_or_zlib_that_does_not_start_are_errors)
{
    ad_error error;
    stat_fails = true;
    ck_assert_int_eq(load_small(0, &error), AD_FILE);
    ck_assert_ptr_nonnull(strstr(error.text, strerror(EIO)));
    stat_fails = false;
    zlib_fails = Z_VERSION_ERROR;
    ck_assert_int_eq(load_small(GZIP, &error), AD_FAILED);
    ck_assert_ptr_nonnull(strstr(error.text, "zlib does not start (-6)"));
    zlib_fails = Z_MEM_ERROR;
    ck_assert_int_eq(load_small(GZIP, &error), AD_MEMORY);
    ck_assert_int_eq(load_small(0, &error), AD_OK);
}
END_TEST

/* ---- files at any place ------------------------------------------------------------------- */

/* Opens a file of safetensors and reads an array of it, with a view if there is one. */
static ad_status read_safetensors(bool viewed, ad_error *error)
{
    static blob b;
    ad_array a = {0};
    test_allocator memory;
    test_allocator_init(&memory);
    blob_of_corpus(&b, "python");
    *error = (ad_error){0};
    ad_safetensors *f = open_blob(&b, true, &memory.base, error);
    int i = ad_safetensors_find(f, "a");
    ad_status status = error->status;
    if (f) {
        ck_assert_int_eq(ad_safetensors_view(f, i).data != NULL, viewed);
        status = ad_safetensors_read(f, i, &memory.base, &a, error);
    }
    ck_assert(status == AD_OK ? ((float *)a.data)[5] == 6 : !a.data);
    ad_array_free(&a);
    ad_safetensors_close(f);
    ck_assert_uint_eq(memory.live_blocks, 0);
    return status;
}

START_TEST(every_read_at_a_place_may_fail_or_be_interrupted)
{
    ad_error error;
    failure = _i ? EINTR : EIO;
    most = 100;
    for (fail_at = 1;; fail_at++) {
        calls = 0;
        ad_status status = read_safetensors(true, &error);
        if (calls < fail_at)
            break;
        ck_assert_int_eq(status, _i ? AD_OK : AD_FILE);
        ck_assert_ptr_nonnull(strstr(error.text, _i ? "" : strerror(EIO)));
    }
    ck_assert_int_gt(fail_at, 8);
}
END_TEST

START_TEST(a_file_that_cannot_be_mapped_is_read)
{
    ad_error error;
    map_fails = true;
    ck_assert_int_eq(read_safetensors(false, &error), AD_OK);
}
END_TEST

static ad_status read_program(ad_error *error)
{
    static blob b;
    char folder[PATH_SIZE], path[PATH_SIZE];
    test_allocator memory;
    test_allocator_init(&memory);
    *error = (ad_error){0};
    blob_corpus(&b, "fuzz_program/wave");
    make_directory(folder);
    write_file(folder, "program", &b, path);
    ad_program *p = ad_program_load(path, &memory.base, error);
    remove_directory(folder);
    ck_assert_int_eq(error->status == AD_OK, p != NULL);
    ad_program_free(p);
    ck_assert_uint_eq(memory.live_blocks, 0);
    return error->status;
}

START_TEST(every_read_of_a_program_may_fail_or_be_interrupted)
{
    ad_error error;
    failure = _i ? EINTR : EIO;
    most = 50;
    for (fail_at = 1;; fail_at++) {
        calls = 0;
        ad_status status = read_program(&error);
        if (calls < fail_at)
            break;
        ck_assert_int_eq(status, _i ? AD_OK : AD_FILE);
        ck_assert_ptr_nonnull(strstr(error.text, _i ? "" : strerror(EIO)));
    }
    ck_assert_int_gt(fail_at, 6);
    fail_at = 0;
    map_fails = true;
    ck_assert_int_eq(read_program(&error), AD_OK);
    stat_fails = true;
    ck_assert_int_eq(read_program(&error), AD_FILE);
}
END_TEST

/* ---- threads ------------------------------------------------------------------------------ */

START_TEST(a_pool_whose_threads_do_not_all_start_is_none)
{
    test_allocator memory;
    test_allocator_init(&memory);
    threads_fail = true;
    for (fail_at = 1; fail_at <= 3; fail_at++) {
        calls = 0;
        ck_assert_ptr_null(ad_pool_new(&memory.base, 4));
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
    threads_fail = false;
    ad_pool *p = ad_pool_new(&memory.base, 4);
    ck_assert_ptr_nonnull(p);
    ad_pool_free(p);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

static void be_well(void)
{
    fail_at = zlib_fails = 0;
    most = 0;
    stat_fails = threads_fail = map_fails = false;
}

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *all = tcase_create("faults");
    tcase_add_checked_fixture(all, NULL, be_well);
    tcase_add_loop_test(all, every_read_may_fail, 0, GZIP + 1);
    tcase_add_loop_test(all, a_read_that_is_interrupted_is_repeated, 0, GZIP + 1);
    tcase_add_test(all, a_file_without_a_size_or_zlib_that_does_not_start_are_errors);
    tcase_add_loop_test(all, every_read_at_a_place_may_fail_or_be_interrupted, 0, 2);
    tcase_add_test(all, a_file_that_cannot_be_mapped_is_read);
    tcase_add_loop_test(all, every_read_of_a_program_may_fail_or_be_interrupted, 0, 2);
    tcase_add_test(all, a_pool_whose_threads_do_not_all_start_is_none);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
