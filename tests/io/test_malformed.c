/* Malformed IDX and gzip files. Whatever the bytes, the reader says what is wrong and where, or
 * reads what is right; and it takes no more memory than the file could fill. */
#include "adze/io.h"

#include "allocator.h"
#include "idx_bytes.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

START_TEST(every_truncation_is_refused)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_error error;
    blob b, packed;
    blob_small(&b);
    blob_gzip(&packed, b.data, b.size);
    while (b.size-- > 0) /* with gzip: a whole member of a shorter file */
        ck_assert_int_eq(load_safely(_i, &b, &memory, &error), AD_FORMAT);
    if (_i & GZIP)
        while (packed.size-- > 0)
            ck_assert_int_eq(load_safely(_i - GZIP, &packed, &memory, &error), AD_FORMAT);
}
END_TEST

static const unsigned char probes[] = {0, 1, 0x7f, 0x80, 0xff};

START_TEST(every_changed_header_byte_is_refused)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_error error;
    blob b;
    for (int at = 0; at < 12; at++)
        for (size_t k = 0; k < sizeof probes; k++) {
            blob_small(&b);
            bool same = b.data[at] == probes[k];
            b.data[at] = probes[k];
            ad_status status = load_safely(_i, &b, &memory, &error);
            ck_assert_msg(status == (same ? AD_OK : AD_FORMAT), "byte %d = %d: %s", at, probes[k],
                          error.text);
        }
}
END_TEST

/* Some bytes of a gzip header mean nothing here (time, system): then the numbers must be right. */
static void expect_refused_or_right(const blob *b, int way)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_array a;
    ad_status status = load(way, b, &memory, &a, NULL);
    if (status == AD_OK) {
        for (int i = 0; i < 6; i++)
            ck_assert_int_eq(((int32_t *)a.data)[i], 0x0102 * i);
        ad_array_free(&a);
    } else {
        ck_assert_int_eq(status, AD_FORMAT);
    }
    ck_assert_uint_eq(memory.live_blocks, 0);
}

START_TEST(every_changed_gzip_byte_is_refused_or_harmless)
{
    blob b, packed;
    blob_small(&b);
    blob_gzip(&packed, b.data, b.size);
    for (size_t at = 0; at < packed.size; at++) {
        unsigned char good = packed.data[at];
        for (int bit = 0; bit < 8; bit++) {
            packed.data[at] = (unsigned char)(good ^ 1 << bit);
            expect_refused_or_right(&packed, 0);
        }
        for (size_t k = 0; k < sizeof probes; k++) {
            packed.data[at] = probes[k];
            expect_refused_or_right(&packed, FROM_FILE);
        }
        packed.data[at] = good;
    }
}
END_TEST

typedef struct malformed {
    const char *bytes;
    size_t size;
    const char *text, *gzip_text; /* gzip_text NULL: the same */
} malformed;

#define BYTES(literal) literal, sizeof literal - 1
#define HUGE_EXTENT    "\xff\xff\xff\xff"

static const malformed malformed_files[] = {
    {BYTES(""), "ends after 0 bytes, in its header", NULL},
    {BYTES("\0\0\x08\1\0\0\0"), "ends after 7 bytes, in its header", NULL},
    {BYTES("P5\x08\1\0\0\0\1\0"), "begins with 50 35", NULL},
    {BYTES("\0\1\x08\1\0\0\0\1\0"), "begins with 00 01", NULL},
    {BYTES("\0\0\x0A\1\0\0\0\1\0"), "unknown type code 0x0a", NULL},
    {BYTES("\0\0\x08\0\1"), "rank 0; 1 to 8", NULL},
    {BYTES("\0\0\x08\x09" HUGE_EXTENT), "rank 9; 1 to 8", NULL},
    {BYTES("\0\0\x08\xff" HUGE_EXTENT), "rank 255; 1 to 8", NULL},
    {BYTES("\0\0\x0E\2" HUGE_EXTENT HUGE_EXTENT), "more than memory can hold", NULL},
    {BYTES("\0\0\x08\4" HUGE_EXTENT HUGE_EXTENT HUGE_EXTENT "\0\0\0\0"),
     "[4294967295, 4294967295, 4294967295, 0] numbers, more than memory can hold", NULL},
    {BYTES("\0\0\x08\3\0\0\xEA\x60\0\0\0\x1C\0\0\0\x1C\1\2\3"),
     "60000 x 28 x 28 = 47040000 numbers, but the file ends after 3",
     "60000 x 28 x 28 = 47040000 numbers, more than"},
    {BYTES("\0\0\x08\2\0\0\x20\0\0\0\x40\0"),
     "8192 x 16384 = 134217728 numbers, but the file ends after 0",
     "8192 x 16384 = 134217728 numbers, more than"},
    {BYTES("\0\0\x08\1\0\0\0\2\1\2\3"), "claims 2 numbers, but 1 more bytes follow",
     "bytes follow the last number"},
    {BYTES("\0\0\x0D\1\0\0\0\2\0\0\0\0\0\0\0"), "claims 2 numbers, but the file ends after 1",
     NULL},
};
enum { MALFORMED = sizeof malformed_files / sizeof *malformed_files };

START_TEST(malformed_files_are_refused_with_what_and_where)
{
    const malformed *m = &malformed_files[_i / WAYS];
    int way = _i % WAYS;
    const char *text = way & GZIP && m->gzip_text ? m->gzip_text : m->text;
    test_allocator memory;
    test_allocator_init(&memory);
    ad_error error;
    blob b = {.size = m->size};
    memcpy(b.data, m->bytes, m->size);
    ck_assert_int_eq(load_safely(way, &b, &memory, &error), AD_FORMAT);
    ck_assert_msg(strstr(error.text, text) != NULL, "%s", error.text);
    if (way & GZIP)
        ck_assert_uint_le(memory.peak_bytes, 1 << 16); /* zlib's window and tables */
    else
        ck_assert_uint_eq(memory.calls, 0);
}
END_TEST

/* Gzips the small file, spoils it by `change`, and expects a refusal with that text. */
static void expect_gzip_refused(void (*change)(blob *packed), const char *text)
{
    for (int way = 0; way < WAYS; way += FROM_FILE) {
        test_allocator memory;
        test_allocator_init(&memory);
        ad_error error;
        blob b, packed;
        blob_small(&b);
        blob_gzip(&packed, b.data, b.size);
        change(&packed);
        ck_assert_int_eq(load_safely(way, &packed, &memory, &error), AD_FORMAT);
        ck_assert_msg(strstr(error.text, text) != NULL, "%s", error.text);
    }
}

static void spoil_checksum(blob *b)
{
    b->data[b->size - 8] ^= 1;
}

static void spoil_length(blob *b)
{
    b->data[b->size - 4] ^= 1;
}

static void cut_checksum(blob *b)
{
    b->size -= 3;
}

static void add_garbage(blob *b)
{
    blob_put(b, 0, 1);
}

static void repeat_member(blob *b)
{
    memcpy(b->data + b->size, b->data, b->size);
    b->size *= 2;
}

static void begin_member(blob *b)
{
    blob_put(b, 0x1f8b, 2);
}

static void spoil_member(blob *b)
{
    blob_put(b, 0x1f8c, 2);
}

START_TEST(gzip_is_checked_to_its_end)
{
    expect_gzip_refused(spoil_checksum, "incorrect data check");
    expect_gzip_refused(spoil_length, "incorrect length check");
    expect_gzip_refused(cut_checksum, "cut short in its checksum");
    expect_gzip_refused(add_garbage, "bytes follow the end of gzip");
    expect_gzip_refused(repeat_member, "bytes follow the last number");
    expect_gzip_refused(begin_member, "gzip is cut short");
    expect_gzip_refused(spoil_member, "incorrect header check");
}
END_TEST

/* A header that claims `claimed` bytes before 8 MiB of zeros, which gzip makes about 8 KiB. */
static void expect_bomb_refused(int way, int64_t claimed, size_t peak, const char *text)
{
    enum { REALLY = 1 << 23 };
    test_allocator memory;
    test_allocator_init(&memory);
    ad_error error;
    blob header, b;
    blob_idx(&header, 0x08, AD_SHAPE(claimed));
    unsigned char *zeros = calloc(REALLY, 1);
    ck_assert_ptr_nonnull(zeros);
    memcpy(zeros, header.data, header.size);
    blob_gzip(&b, zeros, REALLY);
    free(zeros);
    ck_assert_int_eq(load_safely(way, &b, &memory, &error), AD_FORMAT);
    ck_assert_msg(strstr(error.text, text) != NULL, "%s", error.text);
    ck_assert_uint_le(memory.peak_bytes, peak);
}

START_TEST(bombs_take_no_more_memory_than_the_header_claims)
{
    for (int way = 0; way < WAYS; way += FROM_FILE) {
        expect_bomb_refused(way, 6, 1 << 16, "bytes follow the last number");
        expect_bomb_refused(way, 0, 1 << 16, "bytes follow the last number");
        expect_bomb_refused(way, 1 << 24, 1 << 16, "claims 16777216 numbers, more than");
        expect_bomb_refused(way, (1 << 23) - 7, 1 << 24, "the file ends after 8388600");
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("malformed");
    TCase *tests = tcase_create("idx");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_truncation_is_refused, 0, WAYS);
    tcase_add_loop_test(tests, every_changed_header_byte_is_refused, 0, WAYS);
    tcase_add_test(tests, every_changed_gzip_byte_is_refused_or_harmless);
    tcase_add_loop_test(tests, malformed_files_are_refused_with_what_and_where, 0,
                        MALFORMED * WAYS);
    tcase_add_test(tests, gzip_is_checked_to_its_end);
    tcase_add_test(tests, bombs_take_no_more_memory_than_the_header_claims);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
