/* Reading and writing .npz. The files of corpus/fuzz_npz are those of NumPy 2.4.6, of Python 3.11's zipfile, and of
 * Info-ZIP's zip 3.0 (info_zip, encrypted). The linker sends some calls of the system through here (ld's --wrap). */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64
#include "adze/io.h"

#include "io/zip.h"
#include "saving.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- calls that fail ------------------------------------------------------------------- */

static int read_fails_at; /* counts down; 0: none */

#define WRAP_PREAD(name)                                           \
    ssize_t __real_##name(int file, void *to, size_t n, off_t at); \
    ssize_t __wrap_##name(int file, void *to, size_t n, off_t at); \
    ssize_t __wrap_##name(int file, void *to, size_t n, off_t at)  \
    {                                                              \
        errno = EIO;                                               \
        bool fails = read_fails_at && --read_fails_at == 0;        \
        return fails ? -1 : __real_##name(file, to, n, at);        \
    }
WRAP_PREAD(pread)
WRAP_PREAD(pread64)

static int deflate_fails;

int __real_deflateInit2_(z_streamp s, int level, int method, int window, int memory, int strategy,
                         const char *version, int size);
int __wrap_deflateInit2_(z_streamp s, int level, int method, int window, int memory, int strategy,
                         const char *version, int size);
int __wrap_deflateInit2_(z_streamp s, int level, int method, int window, int memory, int strategy,
                         const char *version, int size)
{
    return deflate_fails
               ? deflate_fails
               : __real_deflateInit2_(s, level, method, window, memory, strategy, version, size);
}

/* ---- what others wrote ----------------------------------------------------------------- */

static void corpus(blob *b, const char *name)
{
    char file[64];
    snprintf(file, sizeof file, "fuzz_npz/%s", name);
    blob_corpus(b, file);
}

/* Names in the order of the file, each followed by a blank. */
static const struct {
    const char *file, *names;
} archives[] = {
    {"savez", "w b "}, {"savez_compressed", "w b "},
    {"pipe", "w b "},  {"pipe_compressed", "w b "},
    {"zip64", "w b "}, {"info_zip", "w "},
    {"comment", "w "}, {"others", "w "},
    {"empty", ""},     {"names", " \xc3\xa9 a/b x.npy "},
};
enum { ARCHIVES = sizeof archives / sizeof *archives };

static const char *archive_name(int row)
{
    return archives[row].file;
}

static void expect_numbers(const ad_array *a, bool weights)
{
    static const double integers[] = {1, -2, 3};
    ad_view v = ad_array_view(*a);
    for (size_t i = 0; i < ad_array_count(a) && weights; i++)
        ck_assert_double_eq(ad_view_get(&v, i), .5 * (double)i);
    for (size_t i = 0; i < ad_array_count(a) && !weights && a->shape.rank == 1; i++)
        ck_assert_double_eq(ad_view_get(&v, i), integers[i]);
}

static void expect_arrays(const ad_npz *file, const char *names)
{
    char text[64] = "";
    for (int i = 0; i < ad_npz_count(file); i++) {
        const char *name = ad_npz_name(file, i);
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s ", name);
        ck_assert_int_eq(ad_npz_find(file, name), i);
        bool weights = strcmp(name, "w") == 0;
        ad_array a;
        ad_error error = {0};
        ck_assert_msg(ad_npz_read(file, i, NULL, &a, &error) == AD_OK, "%s", error.text);
        ck_assert_int_eq(a.type, weights ? AD_F32 : AD_I64);
        expect_numbers(&a, weights);
        ad_array_free(&a);
        ck_assert_int_eq(ad_npz_read_as(file, i, AD_F64, NULL, &a, &error), AD_OK);
        expect_numbers(&a, weights);
        ad_array_free(&a);
    }
    ck_assert_str_eq(text, names);
}

START_TEST(archives_of_others_are_read)
{
    ad_error error = {0};
    blob b;
    corpus(&b, archives[_i].file);
    unsigned char *exact = blob_exact(&b);
    ad_npz *file = ad_npz_parse(exact, b.size, "x", NULL, &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    expect_arrays(file, archives[_i].names);
    ck_assert_int_eq(ad_npz_find(file, "c"), -1);
    ad_npz_close(file);
    free(exact);

    saving s = saving_begin();
    write_file(s.folder, "x.npz", &b, s.path);
    file = ad_npz_open(s.path, NULL, &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    expect_arrays(file, archives[_i].names);
    ad_npz_close(file);
    saving_end(&s);
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------- */

static ad_status take_w(ad_npz *file, const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    if (!file)
        return error->status;
    ad_status status = ad_npz_read(file, ad_npz_find(file, "w"), allocator, a, error);
    ad_npz_close(file);
    return status;
}

static ad_status read_w(const char *path, const ad_allocator *allocator, ad_array *a,
                        ad_error *error)
{
    return take_w(ad_npz_open(path, allocator, error), allocator, a, error);
}

static ad_status parse_w(const void *bytes, size_t size, const char *name,
                         const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    return take_w(ad_npz_parse(bytes, size, name, allocator, error), allocator, a, error);
}

/* An archive as a file of one array, "w". */
static const blob_format w_alone = {read_w, parse_w};

#define MEMBER  "PK\3\4"
#define ENTRY   "PK\1\2"
#define WIDE    "PK\6\6"
#define LOCATOR "PK\6\7"
#define END     "PK\5\6"

typedef struct patch {
    const char *sign; /* of a record; NULL: no patch */
    int which;        /* of these records, from 0 on */
    size_t at, width;
    uint64_t word; /* little-endian */
} patch;

/* An archive, changes of it, and the message. */
typedef struct malformed {
    const char *file;
    patch patches[3];
    const char *text;
} malformed;

static const malformed changed[] = {
    {"savez", {{END, 0, 0, 1, 0}}, "the zip archive has no end record: the file is cut short"},
    {"savez", {{END, 0, 20, 2, 1}}, "the zip archive has no end record: the file is cut short"},
    {"savez", {{END, 0, 4, 2, 1}}, "byte 516: the archive is one of several parts"},
    {"savez", {{END, 0, 6, 2, 1}}, "byte 516: the archive is one of several parts"},
    {"savez", {{END, 0, 8, 2, 1}}, "byte 516: the archive is one of several parts"},
    {"savez",
     {{END, 0, 8, 2, 3}, {END, 0, 10, 2, 3}},
     "byte 516: the directory is too short for its entries"},
    {"savez",
     {{END, 0, 8, 2, 1}, {END, 0, 10, 2, 1}},
     "byte 465: the directory goes on after its last entry"},
    {"savez",
     {{END, 0, 8, 2, 0xffff}, {END, 0, 10, 2, 0xffff}},
     "byte 516: the directory is too short for its entries"},
    {"savez", {{END, 0, 12, 4, 101}}, "byte 516: the directory does not end before this record"},
    {"savez", {{END, 0, 16, 4, 415}}, "byte 516: the directory does not end before this record"},
    {"savez", {{END, 0, 16, 4, 0xfffffffe}}, "the directory does not end before this record"},
    {"savez", {{ENTRY, 0, 0, 1, 0}}, "byte 414: there is no entry of the directory"},
    {"savez", {{ENTRY, 1, 0, 1, 0}}, "byte 465: there is no entry of the directory"},
    {"savez", {{ENTRY, 0, 8, 1, 1}}, "array `w`: it is encrypted"},
    {"savez", {{ENTRY, 0, 8, 1, 0x40}}, "array `w`: it is encrypted"},
    {"savez", {{ENTRY, 0, 10, 2, 14}}, "array `w`: it is packed by method 14; stored (0)"},
    {"savez", {{ENTRY, 0, 10, 2, 8}}, "array `w`: the file ends after 6 bytes, in its header"},
    {"savez", {{ENTRY, 0, 16, 4, 0}}, "array `w`: the checksum is 76b0c00b, not 00000000"},
    {"savez", {{ENTRY, 0, 20, 4, 153}}, "array `w`: stored, 152 bytes cannot be 153"},
    {"savez", {{ENTRY, 0, 24, 4, 153}}, "array `w`: stored, 153 bytes cannot be 152"},
    {"savez",
     {{ENTRY, 0, 20, 4, 153}, {ENTRY, 0, 24, 4, 153}},
     "array `w`: header claims 2 x 3 = 6 numbers, but 1 more bytes follow"},
    {"savez",
     {{ENTRY, 0, 20, 4, 151}, {ENTRY, 0, 24, 4, 151}},
     "array `w`: header claims 2 x 3 = 6 numbers, but the file ends after 5"},
    {"savez",
     {{ENTRY, 0, 20, 4, 415}},
     "byte 414: the members have more bytes than there are before the directory"},
    {"savez",
     {{ENTRY, 0, 20, 4, 382}},
     "byte 414: the members have more bytes than there are before the directory"},
    {"savez",
     {{ENTRY, 1, 20, 4, 250}},
     "byte 465: the members have more bytes than there are before the directory"},
    {"savez", {{ENTRY, 0, 28, 2, 0xff}}, "byte 414: the entry is longer than the directory"},
    {"savez", {{ENTRY, 1, 28, 2, 6}}, "byte 465: the entry is longer than the directory"},
    {"savez", {{ENTRY, 0, 34, 2, 1}}, "byte 414: the member is in another part of the archive"},
    {"savez", {{ENTRY, 0, 42, 4, 1}}, "array `w`: byte 1: the member's header is not there"},
    {"savez", {{ENTRY, 0, 42, 4, 400}}, "byte 414: the member is not before the directory"},
    {"savez", {{ENTRY, 0, 42, 4, 0xffffffff}}, "the member is not before the directory"},
    {"savez", {{ENTRY, 0, 46, 1, 0}}, "byte 414: the name has a NUL in it"},
    {"savez", {{ENTRY, 0, 46, 1, 'b'}}, "there are two arrays `b`"},
    {"savez", {{MEMBER, 0, 3, 1, 0}}, "array `w`: byte 0: the member's header is not there"},
    {"savez", {{MEMBER, 0, 26, 2, 400}}, "array `w`: byte 0: it reaches into the directory"},
    {"savez", {{MEMBER, 0, 28, 2, 0xffff}}, "array `w`: byte 0: it reaches into the directory"},
    {"savez", {{MEMBER, 0, 60, 1, 0}}, "array `w`: this is not .npy"},
    {"savez_compressed", {{ENTRY, 0, 16, 4, 0}}, "array `w`: the checksum is 76b0c00b, not 0000"},
    {"savez_compressed", {{ENTRY, 0, 24, 4, 151}}, "numbers, but the file ends after 5"},
    {"savez_compressed", {{ENTRY, 0, 24, 4, 153}}, "numbers, but 1 more bytes follow"},
    {"savez_compressed",
     {{ENTRY, 0, 24, 4, 0xffffff}},
     "array `w`: 16777215 bytes are claimed of 87 deflated bytes"},
    {"savez_compressed", {{ENTRY, 0, 20, 4, 88}}, "array `w`: bytes follow the end of deflate"},
    {"savez_compressed", {{ENTRY, 0, 20, 4, 86}}, "array `w`: deflate is cut short"},
    {"savez_compressed", {{ENTRY, 0, 20, 4, 40}}, "array `w`: "},
    {"savez_compressed", {{MEMBER, 0, 55, 1, 7}}, "array `w`: deflate is damaged: invalid block"},
    {"zip64", {{LOCATOR, 0, 4, 4, 1}}, "the archive is one of several parts"},
    {"zip64", {{LOCATOR, 0, 16, 4, 2}}, "the archive is one of several parts"},
    {"zip64", {{LOCATOR, 0, 8, 8, 0}}, "byte 0: there is no record of zip64"},
    {"zip64", {{LOCATOR, 0, 8, 8, UINT64_MAX}}, "the record of zip64 is not where it should be"},
    {"zip64", {{LOCATOR, 0, 8, 8, 589}}, "byte 644: the record of zip64 is not where it should be"},
    {"zip64", {{WIDE, 0, 0, 1, 0}}, "there is no record of zip64"},
    {"zip64", {{WIDE, 0, 4, 8, 45}}, "there is no record of zip64"},
    {"zip64", {{WIDE, 0, 16, 4, 1}}, "the archive is one of several parts"},
    {"zip64", {{WIDE, 0, 20, 4, 1}}, "the archive is one of several parts"},
    {"zip64", {{WIDE, 0, 24, 8, 1}}, "the archive is one of several parts"},
    {"zip64",
     {{WIDE, 0, 24, 8, 3}, {WIDE, 0, 32, 8, 3}},
     "the record of zip64 differs from the end record"},
    {"zip64", {{WIDE, 0, 40, 8, 1}}, "the record of zip64 differs from the end record"},
    {"zip64", {{WIDE, 0, 48, 8, 1}}, "the record of zip64 differs from the end record"},
    {"zip64",
     {{END, 0, 12, 4, 0xffffffff}, {WIDE, 0, 40, 8, UINT64_MAX}},
     "the directory does not end before this record"},
    {"zip64",
     {{END, 0, 12, 8, UINT64_MAX}, {WIDE, 0, 40, 8, UINT64_MAX - 99}, {WIDE, 0, 48, 8, 688}},
     "byte 588: the directory does not end before this record"},
    {"bzip2", {{NULL, 0, 0, 0, 0}}, "array `w`: it is packed by method 12"},
    {"encrypted", {{NULL, 0, 0, 0, 0}}, "array `w`: it is encrypted"},
    {"no_npy", {{NULL, 0, 0, 0, 0}}, "array `w`: the file ends after 5 bytes, in its header"},
};
enum { CHANGED = sizeof changed / sizeof *changed };

static void apply(blob *b, const patch *p)
{
    size_t at = 0;
    for (int seen = -1; p->sign && at + 4 <= b->size; at++)
        if (memcmp(b->data + at, p->sign, 4) == 0 && ++seen == p->which)
            break;
    ck_assert_uint_le(at + p->at + p->width, b->size);
    for (size_t i = 0; i < p->width; i++)
        b->data[at + p->at + i] = (unsigned char)(p->word >> 8 * i);
}

START_TEST(malformed_archives_are_refused_with_what_and_where)
{
    const malformed *m = &changed[_i];
    for (int way = 0; way < WAYS; way += FROM_FILE) {
        test_allocator memory;
        test_allocator_init(&memory);
        ad_error error;
        blob b;
        corpus(&b, m->file);
        for (int i = 0; i < 3; i++)
            apply(&b, &m->patches[i]);
        ad_status status = load_safely_as(&w_alone, way, &b, &memory, &error);
        ck_assert_msg(status == AD_FORMAT, "%d: %s", status, error.text);
        ck_assert_msg(strstr(error.text, m->text) != NULL, "%s", error.text);
        ck_assert_uint_le(memory.peak_bytes, 1 << 17);
    }
}
END_TEST

/* Of the header before a member, the signature and the two lengths alone count. */
START_TEST(headers_of_members_are_not_believed)
{
    blob b;
    corpus(&b, "savez_compressed");
    for (size_t i = 4; i < 26; i++)
        b.data[i] = 0xff;
    ad_array a;
    ck_assert_int_eq(parse_w(b.data, b.size, "x", NULL, &a, NULL), AD_OK);
    expect_numbers(&a, true);
    ad_array_free(&a);
}
END_TEST

static const char *const whole[] = {"savez", "savez_compressed", "pipe_compressed", "zip64",
                                    "comment"};
enum { WHOLE = sizeof whole / sizeof *whole };

START_TEST(every_truncation_is_refused)
{
    blob b;
    corpus(&b, whole[_i]);
    while (b.size-- > 0)
        for (int way = 0; way < WAYS; way += FROM_FILE) {
            test_allocator memory;
            test_allocator_init(&memory);
            ad_error error;
            ck_assert_int_eq(load_safely_as(&w_alone, way, &b, &memory, &error), AD_FORMAT);
        }
}
END_TEST

/* Times, systems and permissions mean nothing here, and names may change. */
START_TEST(every_changed_bit_is_refused_or_harmless)
{
    blob b;
    corpus(&b, whole[_i]);
    for (size_t bit = 0; bit < 8 * b.size; bit++) {
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        ad_npz *file = ad_npz_parse(b.data, b.size, "x", NULL, NULL);
        for (int w = 0; w < 2; w++) {
            ad_array a;
            if (ad_npz_read(file, ad_npz_find(file, w ? "w" : "b"), NULL, &a, NULL) != AD_OK)
                continue;
            expect_numbers(&a, w);
            ad_array_free(&a);
        }
        ad_npz_close(file);
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}
END_TEST

/* ---- memory and files ------------------------------------------------------------------ */

START_TEST(every_allocation_of_reading_may_fail)
{
    int failures = 0;
    blob b;
    corpus(&b, _i % 2 ? "savez_compressed" : "savez");
    for (size_t k = 1;; k++, failures++) {
        test_allocator memory;
        test_allocator_init(&memory);
        memory.fail_at = k;
        memory.sticky = _i / 2;
        ad_error error;
        if (load_safely_as(&w_alone, FROM_FILE, &b, &memory, &error) == AD_OK)
            break;
        ck_assert_int_eq(error.status, AD_MEMORY);
    }
    ck_assert_int_ge(failures, _i % 2 ? 8 : 6);
}
END_TEST

START_TEST(every_read_may_fail)
{
    blob b;
    corpus(&b, _i ? "zip64" : "savez");
    for (int k = 1;; k++) {
        test_allocator memory;
        test_allocator_init(&memory);
        ad_error error;
        read_fails_at = k;
        ad_status status = load_safely_as(&w_alone, FROM_FILE, &b, &memory, &error);
        if (read_fails_at)
            break;
        ck_assert_int_eq(status, AD_FILE);
        ck_assert_msg(strstr(error.text, strerror(EIO)) != NULL, "%s", error.text);
        ck_assert_int_lt(k, 20);
    }
    read_fails_at = 0;
}
END_TEST

START_TEST(a_file_that_is_cut_while_it_is_open_is_an_error)
{
    saving s = saving_begin();
    blob b;
    corpus(&b, "savez");
    write_file(s.folder, "x.npz", &b, s.path);
    ad_error error = {0};
    ad_npz *file = ad_npz_open(s.path, NULL, &error);
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(truncate(s.path, 100), 0);
    ad_array a;
    ck_assert_int_eq(ad_npz_read(file, 0, NULL, &a, &error), AD_FILE);
    ck_assert_msg(strstr(error.text, "has been cut") != NULL, "%s", error.text);
    ad_npz_close(file);
    saving_end(&s);
}
END_TEST

static void *read_often(void *file)
{
    for (int i = 0; i < 200; i++) {
        ad_array a;
        int which = i % 2;
        if (ad_npz_read(file, which, NULL, &a, NULL) != AD_OK)
            return file;
        bool right = which ? ((int64_t *)a.data)[2] == 3 : ((float *)a.data)[5] == 2.5f;
        ad_array_free(&a);
        if (!right)
            return file;
    }
    return NULL;
}

START_TEST(threads_read_one_file_at_once)
{
    enum { THREADS = 4 };
    saving s = saving_begin();
    blob b;
    corpus(&b, "savez_compressed");
    write_file(s.folder, "x.npz", &b, s.path);
    ad_npz *file = ad_npz_open(s.path, NULL, NULL);
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, read_often, file), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        ck_assert_int_eq(pthread_join(thread[i], &wrong), 0);
        ck_assert_ptr_null(wrong);
    }
    ad_npz_close(file);
    saving_end(&s);
}
END_TEST

/* ---- writing ------------------------------------------------------------------------- */

static double halves[] = {0, .5, 1, 1.5, 2, 2.5}, many[5000];
static const float floats[] = {1, 2, 3, 4, 5, 6};
static const int64_t integers[] = {1, -2, INT64_MAX};
static const uint8_t bytes[] = {255};
static const bool bools[] = {true, false};

static const ad_named_view arrays[] = {
    {"w", {halves, AD_F64, {2, {2, 3}}, {3, 1}}, AD_FULL},
    {"w transposed", {halves, AD_F64, {2, {3, 2}}, {1, 3}}, AD_FULL},
    {"", {floats, AD_F32, {1, {6}}, {1}}, AD_FULL},
    {"\xc3\xa9/\xe6\x97\xa5", {integers, AD_I64, {1, {3}}, {1}}, AD_FULL},
    {"x.npy", {bytes, AD_U8, {0, {0}}, {0}}, AD_FULL},
    {"bools", {bools, AD_BOOL, {1, {2}}, {1}}, AD_FULL},
    {"nothing", {NULL, AD_I32, {2, {0, 4}}, {4, 1}}, AD_FULL},
    {"half", {floats, AD_F32, {1, {6}}, {1}}, AD_F16},
    {"brain", {halves, AD_F64, {2, {2, 3}}, {3, 1}}, AD_BF16},
    {"many", {many, AD_F64, {2, {50, 100}}, {1, 50}}, AD_FULL},
};
enum { ARRAYS = sizeof arrays / sizeof *arrays };

static ad_status write_either(bool deflated, const char *path, int n, const ad_named_view *list,
                              const ad_write_options *options, ad_error *error)
{
    return deflated ? ad_npz_write_deflated(path, n, list, options, error)
                    : ad_npz_write(path, n, list, options, error);
}

static void expect_written(const char *path)
{
    ad_error error = {0};
    ad_npz *file = ad_npz_open(path, NULL, &error);
    ck_assert_msg(file != NULL, "%s", error.text);
    ck_assert_int_eq(ad_npz_count(file), ARRAYS);
    for (int i = 0; i < ARRAYS; i++) {
        const ad_named_view *w = &arrays[i];
        ad_array a;
        ck_assert_str_eq(ad_npz_name(file, i), w->name);
        ck_assert_int_eq(ad_npz_find(file, w->name), i);
        ad_status status = w->precision ? ad_npz_read_as(file, i, w->view.type, NULL, &a, &error)
                                        : ad_npz_read(file, i, NULL, &a, &error);
        ck_assert_msg(status == AD_OK, "%s", error.text);
        ck_assert_int_eq(a.type, w->view.type);
        ck_assert(ad_shape_equal(&a.shape, &w->view.shape));
        ad_view v = ad_array_view(a);
        for (size_t k = 0; k < ad_array_count(&a); k++)
            ck_assert_double_eq(ad_view_get(&v, k), ad_view_get(&w->view, k));
        ad_array_free(&a);
    }
    ad_npz_close(file);
}

/* The bytes of all members, whether they lie at multiples of 64, and whether their headers say what they are. */
static void expect_aligned(const char *path)
{
    ad_file file;
    ad_zip zip;
    ck_assert_int_eq(ad_file_open(&file, path, NULL), AD_OK);
    ck_assert_int_eq(ad_zip_read(&zip, &file, NULL, NULL), AD_OK);
    for (size_t i = 0; i < zip.count; i++) {
        const ad_zip_member *m = &zip.members[i];
        unsigned char header[30];
        ad_source s;
        ck_assert_int_eq(ad_zip_open(&zip, m, "x", &s, NULL, NULL), AD_OK);
        ck_assert_uint_eq(s.at % 64, 0);
        ck_assert_int_eq(ad_file_read(&file, m->header, header, 30, NULL), AD_OK);
        uint32_t checksum = (uint32_t)(header[14] | header[15] << 8 | header[16] << 16) |
                            (uint32_t)header[17] << 24;
        ck_assert_uint_eq(checksum, m->piece.checksum);
        ck_assert_int_eq(header[6] & 8, 0);
        ad_source_close(&s);
    }
    ad_zip_free(&zip);
    ad_file_close(&file);
}

typedef struct told {
    uint64_t bytes, all;
    int calls, stop_at;
} told;

static bool listen(void *user, uint64_t done, uint64_t all)
{
    told *t = user;
    ck_assert_uint_ge(done, t->bytes);
    ck_assert_uint_le(done, all);
    *t = (told){done, all, t->calls + 1, t->stop_at};
    return t->calls != t->stop_at;
}

START_TEST(what_is_written_is_read)
{
    saving s = saving_begin();
    struct stat about;
    told t = {0, 0, 0, 0};
    ad_error error = {0};
    ad_write_options options = {sizeof options, listen, &t, true};
    for (size_t i = 0; i < 5000; i++)
        many[i] = (double)(i % 7);
    ad_status status = write_either(_i, s.path, ARRAYS, arrays, &options, &error);
    ck_assert_msg(status == AD_OK, "%s", error.text);
    expect_written(s.path);
    if (!_i)
        expect_aligned(s.path);
    ck_assert_int_eq(stat(s.path, &about), 0);
    ck_assert_uint_eq(t.bytes, (uint64_t)about.st_size);
    ck_assert_uint_eq(t.all, (uint64_t)about.st_size);
    if (_i)
        ck_assert_int_lt(about.st_size, 5000);
    saving_end(&s);
}
END_TEST

START_TEST(an_archive_may_be_empty)
{
    saving s = saving_begin();
    ck_assert_int_eq(write_either(_i, s.path, 0, NULL, NULL, NULL), AD_OK);
    ad_npz *file = ad_npz_open(s.path, NULL, NULL);
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(ad_npz_count(file), 0);
    ad_npz_close(file);
    saving_end(&s);
}
END_TEST

START_TEST(names_may_be_as_long_as_zip_allows)
{
    static char name[65533];
    saving s = saving_begin();
    memset(name, 'n', sizeof name - 1);
    ad_error error = {0};
    ad_named_view one = {name, AD_VECTOR(integers), AD_FULL};
    ck_assert_int_eq(write_either(_i, s.path, 1, &one, NULL, &error), AD_TOO_LARGE);
    ck_assert_msg(strstr(error.text, "a name of 65532 bytes; up to 65531") != NULL, "%s",
                  error.text);
    name[sizeof name - 2] = '\0';
    ck_assert_int_eq(write_either(_i, s.path, 1, &one, NULL, NULL), AD_OK);
    ad_npz *file = ad_npz_open(s.path, NULL, NULL);
    ck_assert_ptr_nonnull(file);
    ck_assert_str_eq(ad_npz_name(file, 0), name);
    ad_npz_close(file);
    saving_end(&s);
}
END_TEST

/* As if numbers above a small one did not fit into the plain records: those of sizes, offsets and counts. */
static void write_wide(const char *path, uint64_t most, bool deflated)
{
    blob npy;
    blob_corpus(&npy, "fuzz_npy/f32");
    uint32_t checksum = (uint32_t)crc32_z(0, npy.data, npy.size);
    ad_sink sink;
    ad_zip_writer w;
    ck_assert_int_eq(ad_sink_open(&sink, "test", path, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_zip_begin(&w, &sink, 3 * ad_zip_entry_size("w.npy")), AD_OK);
    w.plain = most;
    static const char *const names[] = {"w.npy", "v.npy", "u.npy"};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ad_zip_begin_member(&w, names[i], deflated, npy.size, checksum), AD_OK);
        ck_assert_int_eq(ad_zip_write(&w, npy.data, npy.size), AD_OK);
        ck_assert_int_eq(ad_zip_end_member(&w), AD_OK);
    }
    ck_assert_int_eq(ad_sink_close(&sink, ad_zip_end(&w, AD_OK)), AD_OK);
}

START_TEST(numbers_that_need_zip64_have_it)
{
    static const uint64_t most[] = {0, 1, 2, 100, 160, 200, 300, 1000};
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        saving s = saving_begin();
        ad_error error = {0};
        write_wide(s.path, most[i], _i);
        ad_npz *file = ad_npz_open(s.path, NULL, &error);
        ck_assert_msg(file != NULL, "most %zu: %s", (size_t)most[i], error.text);
        ck_assert_int_eq(ad_npz_count(file), 3);
        for (int k = 0; k < 3; k++) {
            ad_array a;
            ck_assert_msg(ad_npz_read(file, k, NULL, &a, &error) == AD_OK, "%s", error.text);
            expect_numbers(&a, true);
            ad_array_free(&a);
        }
        ad_npz_close(file);
        if (!_i)
            expect_aligned(s.path);
        saving_end(&s);
    }
}
END_TEST

START_TEST(what_cannot_be_written_leaves_no_file)
{
#define GOOD                        \
    {                               \
        integers, AD_I64, {1, {3}}, \
        {                           \
            1                       \
        }                           \
    }
    static const struct {
        int n;
        ad_named_view list[2];
        ad_status status;
        const char *text;
    } row[] = {
        {-1, {{"a", GOOD, AD_FULL}}, AD_MISUSE, "a count is negative"},
        {1, {{NULL, GOOD, AD_FULL}}, AD_MISUSE, "the name of array 0 is NULL"},
        {2, {{"a", GOOD, AD_FULL}, {"\xff", GOOD, AD_FULL}}, AD_MISUSE, "array 1 is not UTF-8"},
        {2, {{"a", GOOD, AD_FULL}, {"a", GOOD, AD_FULL}}, AD_MISUSE, "there are two arrays `a`"},
        {1, {{"a", GOOD, (ad_precision)9}}, AD_MISUSE, "array `a`: there is no precision 9"},
        {1, {{"a", {NULL, AD_I64, {1, {3}}, {1}}, AD_FULL}}, AD_MISUSE, "array `a`: there are no"},
        {1, {{"a", {integers, (ad_type)77, {1, {3}}, {1}}, AD_FULL}}, AD_BAD_TYPE, "no type 77"},
        {1, {{"a", {integers, AD_I64, {1, {-3}}, {1}}, AD_FULL}}, AD_BAD_SHAPE, "extent -3"},
        {2,
         {{"a", {bytes, AD_U8, {1, {INT64_MAX / 8}}, {0}}, AD_FULL},
          {"b", {bytes, AD_I64, {1, {INT64_MAX / 16}}, {0}}, AD_FULL}},
         AD_TOO_LARGE,
         "so much fits into no file"},
    };
    saving s = saving_begin();
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        ad_error error = {0};
        ck_assert_int_eq(write_either(_i, s.path, row[i].n, row[i].list, NULL, &error),
                         row[i].status);
        ck_assert_msg(strstr(error.text, row[i].text) != NULL, "%s", error.text);
        ck_assert_int_eq(strncmp(error.text, _i ? "npz_write_deflated: " : "npz_write: ", 11), 0);
        ck_assert_int_ne(access(s.path, F_OK), 0);
    }
    ck_assert_int_eq(write_either(_i, s.path, 1, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(write_either(_i, NULL, 0, NULL, NULL, NULL), AD_MISUSE);
    saving_end(&s);
}
END_TEST

START_TEST(writing_that_fails_leaves_no_file)
{
    saving s = saving_begin();
    ad_error error;
    for (size_t k = 1;; k++) {
        error = (ad_error){0};
        plain_calls = 0;
        plain_fail_at = k;
        ad_status status = write_either(_i, s.path, ARRAYS, arrays, NULL, &error);
        if (status == AD_OK)
            break;
        ck_assert_int_eq(status, AD_MEMORY);
        ck_assert_int_ne(access(s.path, F_OK), 0);
        ck_assert_uint_lt(k, 100);
    }
    plain_fail_at = 0;
    ck_assert_int_eq(unlink(s.path), 0);
    for (int stop_at = 1; stop_at < 3; stop_at++) {
        told t = {0, 0, 0, stop_at};
        ad_write_options options = {sizeof options, listen, &t, true};
        ck_assert_int_eq(write_either(_i, s.path, ARRAYS, arrays, &options, NULL), AD_CANCELLED);
        ck_assert_int_ne(access(s.path, F_OK), 0);
    }
    saving_end(&s);
}
END_TEST

START_TEST(zlib_that_does_not_start_is_an_error)
{
    saving s = saving_begin();
    ad_error error = {0};
    deflate_fails = Z_MEM_ERROR;
    ck_assert_int_eq(ad_npz_write_deflated(s.path, ARRAYS, arrays, NULL, NULL), AD_MEMORY);
    deflate_fails = Z_VERSION_ERROR;
    ck_assert_int_eq(ad_npz_write_deflated(s.path, ARRAYS, arrays, NULL, &error), AD_FAILED);
    ck_assert_ptr_nonnull(strstr(error.text, "zlib does not start (-6)"));
    ck_assert_int_ne(access(s.path, F_OK), 0);
    deflate_fails = 0;
    saving_end(&s);
}
END_TEST

/* ---- arguments ----------------------------------------------------------------------- */

START_TEST(what_is_not_there_is_told)
{
    blob b;
    ad_array a;
    ad_error error = {0};
    corpus(&b, "savez");
    ad_npz *file = ad_npz_parse(b.data, b.size, "x", NULL, NULL);
    ck_assert_int_eq(ad_npz_read(file, 2, NULL, &a, &error), AD_MISUSE);
    ck_assert_str_eq(error.text, "npz_read: x has no array 2: it has 2");
    ck_assert_int_eq(ad_npz_read(file, -1, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npz_read(file, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npz_read_as(file, 0, AD_TYPE_COUNT, NULL, &a, NULL), AD_BAD_TYPE);
    ck_assert_ptr_null(ad_npz_name(file, 2));
    ck_assert_int_eq(ad_npz_find(file, NULL), -1);
    ad_npz_close(file);
    ck_assert_int_eq(ad_npz_read(NULL, 0, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npz_count(NULL), 0);
    ck_assert_int_eq(ad_npz_find(NULL, "x"), -1);
    ck_assert_ptr_null(ad_npz_name(NULL, 0));
    ad_npz_close(NULL);
    ck_assert_ptr_null(ad_npz_open(NULL, NULL, NULL));
    ck_assert_ptr_null(ad_npz_open("/no/such/file", NULL, NULL));
    ck_assert_ptr_null(ad_npz_parse(NULL, 1, "x", NULL, NULL));
    ck_assert_ptr_null(ad_npz_parse("x", 1, NULL, NULL, NULL));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("npz");
    TCase *tests = tcase_create("npz");
    tcase_set_timeout(tests, 60);
    add_row_tests(tests, archives_of_others_are_read, ARCHIVES, archive_name);
    tcase_add_loop_test(tests, malformed_archives_are_refused_with_what_and_where, 0, CHANGED);
    tcase_add_test(tests, headers_of_members_are_not_believed);
    tcase_add_loop_test(tests, every_truncation_is_refused, 0, WHOLE);
    tcase_add_loop_test(tests, every_changed_bit_is_refused_or_harmless, 0, WHOLE);
    tcase_add_loop_test(tests, every_allocation_of_reading_may_fail, 0, 4);
    tcase_add_loop_test(tests, every_read_may_fail, 0, 2);
    tcase_add_test(tests, a_file_that_is_cut_while_it_is_open_is_an_error);
    tcase_add_test(tests, threads_read_one_file_at_once);
    tcase_add_loop_test(tests, what_is_written_is_read, 0, 2);
    tcase_add_loop_test(tests, an_archive_may_be_empty, 0, 2);
    tcase_add_loop_test(tests, names_may_be_as_long_as_zip_allows, 0, 2);
    tcase_add_loop_test(tests, numbers_that_need_zip64_have_it, 0, 2);
    tcase_add_loop_test(tests, what_cannot_be_written_leaves_no_file, 0, 2);
    tcase_add_loop_test(tests, writing_that_fails_leaves_no_file, 0, 2);
    tcase_add_test(tests, zlib_that_does_not_start_is_an_error);
    tcase_add_test(tests, what_is_not_there_is_told);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
