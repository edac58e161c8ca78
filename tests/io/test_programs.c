/* Files of programs: what is saved is loaded to the bit, and whatever else is refused, with place and reason. */
#include "program_bytes.h"
#include "saving.h"

#include "../numbers/random_formula.h"
#include "../program/number_operations.h"

#include <stdio.h>
#include <zlib.h>

/* ---- files and programs ------------------------------------------------------------- */

static void blob_of_wave(blob *b)
{
    blob_corpus(b, "fuzz_program/wave");
}

static void blob_of_path(blob *b, const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    b->size = fread(b->data, 1, sizeof b->data, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* What is saved of a program. */
static void blob_of(blob *b, const ad_program *p)
{
    const ad_write_options unsynced = {.size = sizeof unsynced, .unsynced = true};
    ad_error error = {AD_OK, ""};
    saving s = saving_begin();
    ck_assert_msg(ad_program_save(p, s.path, &unsynced, &error) == AD_OK, "%s", error.text);
    ck_assert_str_eq(names_beside(s.folder, "file"), "");
    blob_of_path(b, s.path);
    saving_end(&s);
}

/* From memory, or from a file. The bytes have nothing behind them. */
static ad_program *load_program(const blob *b, bool from_file, const ad_allocator *allocator,
                                ad_error *error)
{
    *error = (ad_error){AD_OK, ""};
    ad_program *p;
    if (from_file) {
        char path[PATH_SIZE];
        saving s = saving_begin();
        write_file(s.folder, "program", b, path);
        p = ad_program_load(path, allocator, error);
        saving_end(&s);
    } else {
        unsigned char *bytes = blob_exact(b);
        p = ad_program_parse(bytes, b->size, "program", allocator, error);
        free(bytes);
    }
    ck_assert_int_eq(error->status == AD_OK, p != NULL);
    return p;
}

static ad_program *load_well(const blob *b, bool from_file)
{
    ad_error error;
    ad_program *p = load_program(b, from_file, NULL, &error);
    ck_assert_str_eq(error.text, "");
    return p;
}

static ad_program_info info_of(const ad_program *p)
{
    ad_program_info info = {.size = sizeof info};
    ck_assert_int_eq(ad_program_measure(p, &info), AD_OK);
    return info;
}

/* Whether two programs do the same at x, to the bit. */
static void expect_same_runs(const ad_program *p, const ad_program *q, const double *x,
                             const char *what)
{
    enum { MOST_OUTPUTS = 64 };
    double y[MOST_OUTPUTS] = {0}, z[MOST_OUTPUTS] = {0};
    ad_error error = {AD_OK, ""}, other = {AD_OK, ""};
    ck_assert_uint_le(ad_program_outputs(p), MOST_OUTPUTS);
    ad_program_run(p, x, y, NULL, &error);
    ad_program_run(q, x, z, NULL, &other);
    ck_assert_str_eq(error.text, other.text);
    for (size_t j = 0; j < ad_program_outputs(p); j++)
        expect_same(z[j], y[j], what);
}

/* Saves and loads p: the same program, which is saved as the same file. */
static ad_program *saved_and_loaded(const ad_program *p, bool from_file)
{
    static blob b, again;
    blob_of(&b, p);
    ad_program *q = load_well(&b, from_file);
    const ad_program_info one = info_of(p), other = info_of(q);
    blob_of(&again, q);
    ck_assert_int_eq(memcmp(&one, &other, sizeof one), 0);
    ck_assert_uint_eq(again.size, b.size);
    ck_assert_mem_eq(again.data, b.data, b.size);
    return q;
}

/* ---- what is saved is loaded -------------------------------------------------------- */

START_TEST(the_format_is_that_of_the_first_version)
{
    static blob expected, found;
    ad_program *p = program_of(wave, WAVE_INPUTS, wave_x, WAVE_OUTPUTS, NULL);
    blob_of_wave(&expected);
    blob_of(&found, p);
    ck_assert_uint_eq(found.size, expected.size);
    ck_assert_mem_eq(found.data, expected.data, expected.size);
    ad_program_free(p);
}
END_TEST

START_TEST(guards_are_loaded_with_their_lines)
{
    static blob b;
    const double other[WAVE_INPUTS] = {3, 2, 1};
    double y[WAVE_OUTPUTS];
    ad_error error = {AD_OK, ""};
    blob_of_wave(&b);
    ad_program *p = load_well(&b, _i);
    run_program(p, wave_x, y);
    ck_assert(y[1] == 2 && signbit(y[2]) && y[3] == 0.5);
    ck_assert_int_eq(ad_program_run(p, other, y, NULL, &error), AD_BRANCH);
    ck_assert_ptr_nonnull(strstr(error.text, "wave.c:12"));
    ad_program_free(p);
}
END_TEST

START_TEST(each_operation_and_its_derivatives_come_back)
{
    const operation *o = &operations[_i];
    const size_t n = (size_t)o->arity;
    const double first[MOST] = {0.25, 0.5, 0.75}, other[MOST] = {-1.5, 3, INFINITY};
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(apply_operation, n, first, 1, o);
    ad_program *q = saved_and_loaded(p, false);
    ad_program *h = ad_program_hessian(p, n, NULL, &error);
    ad_program *of_loaded = ad_program_hessian(q, n, NULL, &error);
    ad_program *loaded = saved_and_loaded(h, true);
    ck_assert_str_eq(error.text, "");
    for (int i = 0; i < 2; i++) {
        const double *x = i ? other : first;
        expect_same_runs(p, q, x, o->name);
        expect_same_runs(h, of_loaded, x, o->name);
        expect_same_runs(h, loaded, x, o->name);
    }
    ad_program *all[] = {p, q, h, of_loaded, loaded};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ad_program_free(all[i]);
}
END_TEST

/* A random formula that asks, too. */
static void follow_and_ask(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    enum { SOME = 300 };
    static ad_real all[INPUTS + STEPS];
    const formula *f = env;
    formula shorter = *f;
    shorter.steps = SOME;
    memcpy(all, x, n * sizeof *x);
    record_formula(&shorter, all);
    for (int i = INPUTS; i < INPUTS + SOME; i += 7)
        if (ad_less(all[i], all[i - 3]))
            all[i] = ad_mul(all[i], 0.5);
    for (size_t j = 0; j < m; j++)
        y[j] = all[INPUTS + SOME - 1 - 5 * j];
}

START_TEST(random_formulas_with_guards_come_back)
{
    static long double exact[INPUTS + STEPS];
    formula *f = random_formula((uint64_t)_i, STEPS, exact);
    double x[INPUTS];
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(follow_and_ask, INPUTS, f->x, 2, f);
    ad_program *j = ad_program_jacobian(p, INPUTS, NULL, &error);
    ad_program *q = saved_and_loaded(p, false), *k = saved_and_loaded(j, false);
    for (int i = 0; i < 4; i++) {
        for (int l = 0; l < INPUTS; l++)
            x[l] = f->x[l] * (1 + 0.25 * i);
        expect_same_runs(p, q, x, "value");
        expect_same_runs(j, k, x, "Jacobian");
    }
    ad_program *all[] = {p, q, j, k};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ad_program_free(all[i]);
    free(f);
}
END_TEST

static void nothing(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = j ? x[0] : ad_real_constant((double)NAN);
}

START_TEST(programs_of_next_to_nothing_come_back)
{
    const double x[2] = {4, 5};
    for (size_t n = 0; n < 3; n++)
        for (size_t m = 0; m <= n && m < 3; m++) {
            ad_program *p = program_of(nothing, n, x, m, NULL), *q = saved_and_loaded(p, false);
            expect_same_runs(p, q, x, "nothing");
            ad_program_free(q);
            ad_program_free(p);
        }
}
END_TEST

START_TEST(options_come_back)
{
    static blob b;
    const ad_program_options options = {.size = sizeof options, .allow = (unsigned)_i};
    ad_error error = {AD_OK, ""};
    ad_program *p = ad_program_of(wave, WAVE_INPUTS, wave_x, WAVE_OUTPUTS, NULL, &options, &error);
    ad_program *q = saved_and_loaded(p, false);
    blob_of(&b, q);
    ck_assert_int_eq(b.data[12], _i);
    ad_program_free(q);
    ad_program_free(p);
}
END_TEST

/* ---- what is refused ---------------------------------------------------------------- */

/* The wave's file: where its parts are. */
enum {
    VERSION = 8,
    ALLOW = 12,
    NAMES = 16,
    CONSTANTS = 20,
    NODES = 28,
    GUARDS = 36,
    TEXT_BYTES = 40,
    CONSTANT_1 = 48 + 8,
    OUTPUT = 200,
    INPUT = 216,
    TEXT = 219,
    LINE = 253,
    END = 263
};
#define NODE(i, word) (72 + 16 * (i) + 4 * (word))
enum { ADD, MUL, SIN, POWI, LESS, WHERE, GUARD }; /* names in the file */

typedef struct flaw {
    const char *name;
    size_t at;
    uint64_t word;
    int width;
    const char *text;
} flaw;

static const flaw flaws[] = {
    {"no program", 0, 'P', 1, "byte 0: this is no program of adze: it begins with 50 61 64 7a"},
    {"newlines changed", 6, '\n', 1, "byte 0: this is no program"},
    {"no version", VERSION, 0, 4, "byte 8: version 0"},
    {"later version", VERSION, 2, 4, "byte 8: version 2 of the format; only 1 can be read"},
    {"options", ALLOW, 8, 4, "byte 12: options 0x8, of which some are not known"},
    {"more names", NAMES, 8, 4, "byte 253: the operation wave.c:12 is not known"},
    {"fewer names", NAMES, 6, 4, "byte 253: 10 bytes follow the last text"},
    {"more constants", CONSTANTS, 4, 4, "header claims 4 constants, 3 inputs, 8 nodes, 4 outputs"},
    {"most constants", CONSTANTS, UINT32_MAX, 4, "the file has 267"},
    {"fewer nodes", NODES, 7, 4, "so 251 bytes in all; the file has 267"},
    {"no guards", GUARDS, 0, 4, "byte 253: 10 bytes follow the last text"},
    {"more guards", GUARDS, 2, 4, "byte 263: the text of guard 1 does not end"},
    {"more text", TEXT_BYTES, 45, 8, "and 45 bytes of text, so 268 bytes in all"},
    {"most text", TEXT_BYTES, UINT64_MAX, 8, "18446744073709551615 bytes of text"},
    {"much text", TEXT_BYTES, (UINT64_C(1) << 62) + 44, 8, "header claims"},
    {"power of a half", CONSTANT_1, 0x3fe0000000000000, 8,
     "byte 144: node 4: operand 1 of powi is no constant integer from -2147483648"},
    {"power of a NaN", CONSTANT_1, UINT64_MAX, 8, "operand 1 of powi"},
    {"power beyond int", CONSTANT_1, 0x41e0000000000000, 8, "operand 1 of powi"},
    {"power of an input", NODE(4, 2), 3, 4, "byte 144: node 4: operand 1 of powi"},
    {"operation", NODE(2, 0), 7, 4, "byte 104: node 2: operation 7 of 7"},
    {"operand of itself", NODE(5, 1), 11, 4,
     "byte 156: node 5: operand 0 of add, value 11, has not been computed by then"},
    {"operand after it", NODE(3, 1), 13, 4, "node 3: operand 0 of mul, value 13, has not been"},
    {"no operand", NODE(3, 2), UINT32_MAX, 4, "byte 128: node 3: operand 1 of mul, value 429496"},
    {"operand too many", NODE(2, 2), 3, 4, "byte 112: node 2: sin has operand 1, but takes 1"},
    {"third operand", NODE(0, 3), 0, 4, "byte 84: node 0: less has operand 2, but takes 2"},
    {"operand a guard", NODE(2, 1), 7, 4, "operand 0 of sin, value 7, is a guard, which has no"},
    {"guard of a guard", NODE(7, 1), 7, 4, "operand 0 of where, value 7, is a guard"},
    {"a guard turned", NODE(1, 2), 2, 4, "byte 96: node 1: the guard expects 2, not 0 or 1"},
    {"number of a guard", NODE(1, 3), 1, 4, "byte 100: node 1: the guard has number 1, not 0"},
    {"another guard", NODE(2, 0), GUARD, 4, "node 2: the guard expects 4294967295"},
    {"an operation no guard", NODE(1, 0), LESS, 4, "node 1: less has operand 2, but takes 2"},
    {"output", OUTPUT, 14, 4, "byte 200: output 0, value 14, has not been computed by then"},
    {"output a guard", OUTPUT + 4, 7, 4, "byte 204: output 1, value 7, is a guard"},
    {"unused input", INPUT + 2, 1, 1, "byte 218: input 2 is marked by 1, but is not used"},
    {"used input", INPUT, 0, 1, "byte 216: input 0 is marked by 0, but is used"},
    {"mark", INPUT + 1, 2, 1, "byte 217: input 1 is marked by 2, but is used"},
    {"no name", TEXT, 0, 1, "byte 219: the operation  is not known"},
    {"unknown", TEXT, 'A', 1, "byte 219: the operation Add is not known"},
    {"another name", TEXT + 4, 0x646461, 3, "byte 223: the operation add is there twice"},
    {"escape", LINE + 1, 27, 1, "byte 254: guard 0 has the control character 1b"},
    {"open text", LINE + 9, '!', 1, "byte 263: the text of guard 0 does not end"},
    {"damage", CONSTANT_1 - 8, 1, 1, "byte 263: the checksum is 92b0e012, but that of the file"},
};
enum { FLAWS = sizeof flaws / sizeof *flaws };

static void put_little(unsigned char *to, uint64_t word, int width)
{
    for (int i = 0; i < width; i++)
        to[i] = (unsigned char)(word >> 8 * i);
}

static void repair_checksum(blob *b)
{
    if (b->size >= 4)
        put_little(b->data + b->size - 4, crc32_z(0, b->data, b->size - 4), 4);
}

static void expect_refused(const blob *b, bool from_file, const char *text)
{
    ad_error error;
    test_allocator memory;
    test_allocator_init(&memory);
    ck_assert_ptr_null(load_program(b, from_file, &memory.base, &error));
    ck_assert_msg(error.status == AD_FORMAT, "%s", error.text);
    ck_assert_msg(strstr(error.text, "program: ") && strstr(error.text, text),
                  "\"%s\" is not in \"%s\"", text, error.text);
    ck_assert_uint_eq(memory.live_blocks, 0);
}

START_TEST(a_malformed_file_is_refused_with_place_and_reason)
{
    static blob b;
    const flaw *f = &flaws[_i];
    blob_of_wave(&b);
    put_little(b.data + f->at, f->word, f->width);
    if (strcmp(f->name, "damage") != 0)
        repair_checksum(&b);
    expect_refused(&b, false, f->text);
    expect_refused(&b, true, f->text);
}
END_TEST

static const char *flaw_name(int i)
{
    return flaws[i].name;
}

START_TEST(guards_are_as_many_as_the_header_claims)
{
    static blob b;
    blob_of_wave(&b);
    b.data[GUARDS] = 2;
    b.data[LINE + 4] = 0; /* two lines */
    repair_checksum(&b);
    expect_refused(&b, false, "byte 36: header claims 2 guards, but there are 1");
}
END_TEST

START_TEST(every_truncation_and_every_addition_is_refused)
{
    static blob b;
    blob_of_wave(&b);
    const size_t size = b.size;
    for (b.size = 0; b.size < size; b.size++)
        expect_refused(&b, b.size % 16 == 0, b.size < 48 ? "in its header" : "header claims");
    for (b.size = size + 1; b.size < size + 9; b.size++)
        expect_refused(&b, false, "the file has");
}
END_TEST

/* What has been loaded can be used. */
static void use_program(ad_program *p)
{
    double y[WAVE_OUTPUTS];
    ad_error error = {AD_OK, ""};
    ck_assert(ad_program_inputs(p) == WAVE_INPUTS && ad_program_outputs(p) == WAVE_OUTPUTS);
    ad_status status = ad_program_run(p, wave_x, y, NULL, &error);
    ck_assert(status == AD_OK || status == AD_BRANCH);
    ad_program *jacobian = ad_program_jacobian(p, WAVE_INPUTS, NULL, &error);
    ck_assert_ptr_nonnull(jacobian);
    ad_program_free(jacobian);
    ad_program_free(p);
}

START_TEST(every_changed_byte_is_refused)
{
    static blob b;
    blob_of_wave(&b);
    for (size_t at = 0; at < b.size; at++)
        for (int bit = 0; bit < 8; bit++) {
            b.data[at] ^= (unsigned char)(1 << bit);
            expect_refused(&b, false, "");
            b.data[at] ^= (unsigned char)(1 << bit);
        }
}
END_TEST

/* As if somebody had made the file so. */
START_TEST(every_changed_byte_with_a_right_checksum_is_refused_or_a_program)
{
    static const unsigned char probes[] = {0, 1, 2, 3, 4, 7, 11, 0x7f, 0x80, 0xff};
    static blob b;
    int loaded = 0;
    blob_of_wave(&b);
    for (size_t at = 0; at < END; at++)
        for (size_t k = 0; k < 8 + sizeof probes; k++) {
            const unsigned char right = b.data[at];
            ad_error error;
            b.data[at] = (unsigned char)(k < 8 ? right ^ 1 << k : probes[k - 8]);
            repair_checksum(&b);
            ad_program *p = load_program(&b, false, NULL, &error);
            ck_assert(p || error.status == AD_FORMAT);
            loaded += p != NULL;
            if (p)
                use_program(p);
            b.data[at] = right;
        }
    ck_assert_int_gt(loaded, 500);
}
END_TEST

/* Nodes that the library would not write: what is known is not computed again, and what nothing needs is dropped. */
START_TEST(programs_of_others_are_put_in_order)
{
    static blob b;
    double y[WAVE_OUTPUTS], z[WAVE_OUTPUTS];
    blob_of_wave(&b);
    ad_program *p = load_well(&b, false);
    put_little(b.data + NODE(3, 1), 0, 4); /* mul of two constants; sin is not needed */
    put_little(b.data + NODE(6, 1), 3, 4); /* less as the one before */
    put_little(b.data + NODE(6, 2), 4, 4);
    put_little(b.data + NODE(7, 2), 4, 4); /* where of the same twice */
    repair_checksum(&b);
    ad_program *q = load_well(&b, false);
    run_program(p, wave_x, y);
    run_program(q, wave_x, z);
    expect_same(z[0], 2.5 * 2.5 + 0x1p20, "constants");
    expect_same(z[1], y[1], "the rest");
    ck_assert_uint_eq(info_of(q).operations, 4); /* less, guard, powi, add */
    ad_program_free(saved_and_loaded(q, false));
    ad_program_free(q);
    ad_program_free(p);
}
END_TEST

/* ---- memory and disk ---------------------------------------------------------------- */

static ad_status load_in(test_allocator *memory)
{
    static blob b;
    ad_error error;
    blob_of_wave(&b);
    for (int way = 0; way < 2; way++) {
        ad_program *p = load_program(&b, way, &memory->base, &error);
        ad_program_free(p);
        if (!p)
            return error.status;
    }
    return AD_OK;
}

START_TEST(every_allocation_may_fail)
{
    test_allocator memory;
    for (size_t at = 1;; at++) {
        test_allocator_init(&memory);
        memory.fail_at = at;
        memory.sticky = _i;
        const ad_status status = load_in(&memory);
        ck_assert_uint_eq(memory.live_blocks, 0);
        ck_assert_int_eq(status, memory.calls >= at ? AD_MEMORY : AD_OK);
        if (memory.calls < at)
            return;
    }
}
END_TEST

START_TEST(saving_takes_memory_before_it_writes)
{
    test_allocator memory;
    test_allocator_init(&memory);
    const ad_program_options options = {.size = sizeof options, .allocator = &memory.base};
    ad_error error = {AD_OK, ""};
    saving s = saving_begin();
    ad_program *p = ad_program_of(wave, WAVE_INPUTS, wave_x, WAVE_OUTPUTS, NULL, &options, &error);
    ck_assert_int_eq(ad_program_save(p, s.path, NULL, &error), AD_OK);
    memory.fail_at = memory.calls + 1;
    ck_assert_int_eq(ad_program_save(p, s.path, NULL, &error), AD_MEMORY);
    ck_assert_str_eq(names_beside(s.folder, "file"), "");
    ad_program_free(p);
    ck_assert_uint_eq(memory.live_blocks, 0);
    saving_end(&s);
}
END_TEST

/* Nothing but inputs, or constants, or nodes: memory is no more than a small multiple of the file's size. */
START_TEST(memory_is_bounded_by_the_size_of_the_file)
{
    enum { MANY = 3000 };
    static blob b;
    static const uint32_t counts[][3] = {{MANY * 5, 0, 0}, {0, MANY, 0}, {1, 0, MANY}};
    const uint32_t inputs = counts[_i][0], constants = counts[_i][1], nodes = counts[_i][2];
    ad_error error;
    test_allocator memory;
    test_allocator_init(&memory);
    blob_of_wave(&b);
    memset(b.data + 12, 0, sizeof b.data - 12);
    const uint32_t header[] = {0, nodes > 0, constants, inputs, nodes, 0, 0, nodes ? 4 : 0, 0};
    for (int i = 0; i < 9; i++)
        put_little(b.data + 12 + 4 * i, header[i], 4);
    unsigned char *to = b.data + 48;
    for (uint32_t i = 0; i < constants; i++, to += 8)
        put_little(to, i, 8);
    for (uint32_t i = 0; i < nodes; i++, to += 16) {
        const uint32_t node[] = {0, i, UINT32_MAX, UINT32_MAX};
        for (int k = 0; k < 4; k++)
            put_little(to + 4 * k, node[k], 4);
    }
    to += inputs;
    if (nodes) {
        to[-1] = 1;
        memcpy(to, "sin", 4);
        to += 4;
    }
    b.size = (size_t)(to - b.data) + 4;
    repair_checksum(&b);
    ad_program *p = load_program(&b, true, &memory.base, &error);
    ck_assert_str_eq(error.text, "");
    ck_assert_uint_le(memory.peak_bytes, 30 * b.size + (1 << 14));
    ad_program_free(p);
}
END_TEST

static bool never(void *user, uint64_t written, uint64_t all)
{
    *(uint64_t *)user = all;
    return written > all;
}

START_TEST(what_fails_leaves_the_old_file)
{
    static blob b;
    uint64_t all = 0;
    const ad_write_options cancelled = {.size = sizeof cancelled, .progress = never, .user = &all};
    ad_error error = {AD_OK, ""};
    saving s = saving_begin();
    blob_of_wave(&b);
    ad_program *p = load_well(&b, false);
    ck_assert_int_eq(ad_program_save(p, s.path, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_program_save(p, s.path, &cancelled, &error), AD_CANCELLED);
    ck_assert_uint_eq(all, b.size);
    ad_program_free(ad_program_load(s.path, NULL, &error));
    error = (ad_error){AD_OK, ""};
    ck_assert_int_eq(ad_program_save(p, s.folder, NULL, &error), AD_FILE);
    ck_assert_ptr_nonnull(strstr(error.text, "is a directory"));
    error = (ad_error){AD_OK, ""};
    ck_assert_int_eq(ad_program_save(p, s.path, &(ad_write_options){0}, &error), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(error.text, "program_save: the options need .size"));
    ad_program_free(p);
    saving_end(&s);
}
END_TEST

START_TEST(arguments_that_are_null_are_refused)
{
    static blob b;
    ad_error error = {AD_OK, ""};
    blob_of_wave(&b);
    ad_program *p = load_well(&b, false);
    ck_assert_int_eq(ad_program_save(NULL, "x", NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_save(p, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_ptr_null(ad_program_load(NULL, NULL, NULL));
    ck_assert_ptr_null(ad_program_parse(NULL, 0, "x", NULL, NULL));
    ck_assert_ptr_null(ad_program_parse("", 0, NULL, NULL, &error));
    ck_assert_int_eq(error.status, AD_MISUSE);
    error = (ad_error){AD_OK, ""};
    ck_assert_ptr_null(ad_program_load("/nowhere/at/all", NULL, &error));
    ck_assert_int_eq(error.status, AD_FILE);
    ck_assert_int_eq(ad_program_save(NULL, "x", NULL, &error), AD_FILE); /* what failed before */
    ad_program_free(p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("programs");
    TCase *all = tcase_create("programs");
    tcase_set_timeout(all, 300);
    tcase_add_test(all, the_format_is_that_of_the_first_version);
    tcase_add_loop_test(all, guards_are_loaded_with_their_lines, 0, 2);
    add_row_tests(all, each_operation_and_its_derivatives_come_back, OPERATIONS, operation_name);
    tcase_add_loop_test(all, random_formulas_with_guards_come_back, 0, 20);
    tcase_add_test(all, programs_of_next_to_nothing_come_back);
    tcase_add_loop_test(all, options_come_back, 0, 8);
    add_row_tests(all, a_malformed_file_is_refused_with_place_and_reason, FLAWS, flaw_name);
    tcase_add_test(all, guards_are_as_many_as_the_header_claims);
    tcase_add_test(all, every_truncation_and_every_addition_is_refused);
    tcase_add_test(all, every_changed_byte_is_refused);
    tcase_add_test(all, every_changed_byte_with_a_right_checksum_is_refused_or_a_program);
    tcase_add_test(all, programs_of_others_are_put_in_order);
    tcase_add_loop_test(all, every_allocation_may_fail, 0, 2);
    tcase_add_test(all, saving_takes_memory_before_it_writes);
    tcase_add_loop_test(all, memory_is_bounded_by_the_size_of_the_file, 0, 3);
    tcase_add_test(all, what_fails_leaves_the_old_file);
    tcase_add_test(all, arguments_that_are_null_are_refused);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
