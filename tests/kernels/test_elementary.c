/* Elementary functions: their errors against the C library's in a wider type, their values at the
 * edges, and that every instruction set gives the same bits.
 *
 * ADZE_EXHAUSTIVE=1 tries all 2^32 numbers in f32 and 10^8 in f64, ADZE_EXHAUSTIVE=exp those of one
 * function, which takes a minute or two, and shows the largest errors: those that
 * kernels/elementary.h and kernels/trigonometric.h state. */
#include "kernels/trigonometric.h"

#include "suite.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- the functions, for each instruction set ------------------------------------------- */

typedef void run_f32(size_t n, const float *x, float *y);
typedef void run_f64(size_t n, const double *x, double *y);

enum { SETS = 3 };
#if defined __x86_64__ && defined __GNUC__
#define AVX2 __attribute__((target("avx2,fma")))
#ifdef __clang__
#define AVX512 __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq")))
#else
#define AVX512 __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,prefer-vector-width=512")))
#endif
static const char *const set_names[SETS] = {"baseline", "avx2", "avx512"};
static bool set_runs(int set)
{
    bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return set == 0 || (set == 1 ? avx2 : avx512);
}
#else
#define AVX2
#define AVX512
static const char *const set_names[SETS] = {"baseline", "none", "none"};
static bool set_runs(int set)
{
    return set == 0;
}
#endif

#define LOOP(attribute, name, T, f)                        \
    attribute static void name(size_t n, const T *x, T *y) \
    {                                                      \
        for (size_t i = 0; i < n; i++)                     \
            y[i] = f(x[i]);                                \
    }
#define LOOPS(f)                                 \
    LOOP(, f##_f32_0, float, ad_##f##_f32)       \
    LOOP(AVX2, f##_f32_1, float, ad_##f##_f32)   \
    LOOP(AVX512, f##_f32_2, float, ad_##f##_f32) \
    LOOP(, f##_f64_0, double, ad_##f##_f64)      \
    LOOP(AVX2, f##_f64_1, double, ad_##f##_f64)  \
    LOOP(AVX512, f##_f64_2, double, ad_##f##_f64)
LOOPS(exp)
LOOPS(expm1)
LOOPS(log)
LOOPS(log1p)
LOOPS(tanh)
LOOPS(sigmoid)
LOOPS(sin)
LOOPS(cos)

static double sigmoid(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static long double sigmoidl(long double x)
{
    return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

typedef struct function {
    const char *name;
    run_f32 *f32[SETS];
    run_f64 *f64[SETS];
    double (*exact)(double);
    long double (*exactl)(long double);
    bool bounded; /* to |x| <= AD_NEAR(x) */
    uint64_t hash_f32, hash_f64;
} function;

/* clang-format off */
#define ROW(f, bounded, hash_f32, hash_f64)                                         \
    {#f, {f##_f32_0, f##_f32_1, f##_f32_2}, {f##_f64_0, f##_f64_1, f##_f64_2},      \
     f, f##l, bounded, hash_f32, hash_f64}
/* clang-format on */
static const function functions[] = {
    ROW(exp, false, 0x1704f9ce39da2e44, 0x8bb23c16dc8c080d),
    ROW(expm1, false, 0x49741d80a605bdc7, 0x59e2e9437c9c6755),
    ROW(log, false, 0xc3aa622ec3ddea5d, 0x758de6969e3524da),
    ROW(log1p, false, 0x626c9ef9dd1918d8, 0xe5da2128b4ed1071),
    ROW(tanh, false, 0xf5f993ffa272b068, 0x6b42aad4171762d8),
    ROW(sigmoid, false, 0x024a6ab55c0d5e4d, 0xd316d49b8100e320),
    ROW(sin, true, 0xf3ede361420b957f, 0x6a832fda5ffe3ccb),
    ROW(cos, true, 0x596702925e47c1fc, 0x00ffa3df71914528),
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

/* ---- numbers to try ------------------------------------------------------------------- */

enum { BLOCK = 4096 };

static bool exhaustive(const function *f)
{
    const char *asked = getenv("ADZE_EXHAUSTIVE");
    return asked && (strcmp(asked, "1") == 0 || strcmp(asked, f->name) == 0);
}

/* The last of the instruction sets that this machine has. */
static int best_set(void)
{
    int set = SETS - 1;
    while (!set_runs(set))
        set--;
    return set;
}

/* Block b of every step-th of all f32. False past the end. */
static bool fill_f32(const function *f, uint64_t b, uint64_t step, float *x)
{
    for (uint64_t i = 0; i < BLOCK; i++) {
        float number = ad_from_bits_f32((uint32_t)((b * BLOCK + i) * step));
        x[i] = f->bounded && fabsf(number) > AD_NEAR(number) ? 1 : number;
    }
    return b * BLOCK * step <= UINT32_MAX;
}

/* Bits as random as their place in a sequence is not (splitmix64: Steele, Lea, Flood 2014). */
static uint64_t scramble(uint64_t i)
{
    i *= 0x9e3779b97f4a7c15;
    i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9;
    i = (i ^ (i >> 27)) * 0x94d049bb133111eb;
    return i ^ (i >> 31);
}

/* Block b of numbers that are by turns: any bits at all, and so of any exponent; next to a multiple
 * of pi/2; between -800 and 800; between -2 and 2. */
static void fill_f64(const function *f, uint64_t b, double *x)
{
    for (uint64_t i = 0; i < BLOCK; i++) {
        uint64_t bits = scramble(b * BLOCK + i);
        double unit = (double)(bits >> 11) * 0x1p-52 - 1;
        double numbers[] = {ad_from_bits_f64(bits), (double)(bits >> 47) * 1.5707963267948966,
                            unit * 800, unit * 2};
        double number = numbers[i % 4];
        x[i] = f->bounded && fabs(number) > AD_NEAR(number) ? 1 : number;
    }
}

/* ---- errors --------------------------------------------------------------------------- */

/* |y - exact| in units of the last place of a type with so many bits, whose exponents go from low
 * to high. Infinity counts as the power of two that would come next. */
static double error_of(long double y, long double exact, int bits, int low, int high)
{
    if (isnan(y) || isnan(exact))
        return isnan(y) && isnan(exact) ? 0 : (double)INFINITY;
    int exponent;
    long double most = ldexpl(1, high);
    y = fmaxl(-most, fminl(y, most));
    exact = fmaxl(-most, fminl(exact, most));
    frexpl(exact, &exponent);
    exponent = exact == 0 || exponent < low ? low : exponent > high ? high : exponent;
    return (double)fabsl(ldexpl(y - exact, bits - exponent));
}

typedef struct worst {
    double error, x;
} worst;

static void note(worst *w, double error, double x)
{
    if (error > w->error)
        *w = (worst){error, x};
}

static void judge(const function *f, const char *type, const worst *w)
{
    if (exhaustive(f))
        printf("# %s %s: %.2f at %a\n", f->name, type, w->error, w->x);
    ck_assert_msg(w->error <= 2, "%s %s: %.2f at %a", f->name, type, w->error, w->x);
}

/* What is rounded as it should be is passed over: many times quicker. */
START_TEST(f32_is_within_two_units_of_the_last_place)
{
    const function *f = &functions[_i];
    static float x[BLOCK], y[BLOCK];
    worst w = {0.5, 0};
    for (uint64_t b = 0; fill_f32(f, b, exhaustive(f) ? 1 : 997, x); b++) {
        f->f32[best_set()](BLOCK, x, y);
        for (int i = 0; i < BLOCK; i++) {
            double exact = f->exact((double)x[i]);
            if (y[i] != (float)exact)
                note(&w,
                     error_of((long double)y[i], (long double)exact, FLT_MANT_DIG, FLT_MIN_EXP,
                              FLT_MAX_EXP),
                     (double)x[i]);
        }
    }
    judge(f, "f32", &w);
}
END_TEST

START_TEST(f64_is_within_two_units_of_the_last_place)
{
    const function *f = &functions[_i];
    static double x[BLOCK], y[BLOCK];
    worst w = {0.5, 0};
    for (uint64_t b = 0; b < (exhaustive(f) ? 25000 : 250); b++) {
        fill_f64(f, b, x);
        f->f64[best_set()](BLOCK, x, y);
        for (int i = 0; i < BLOCK; i++) {
            long double exact = f->exactl((long double)x[i]);
            if (y[i] != (double)exact)
                note(&w, error_of((long double)y[i], exact, DBL_MANT_DIG, DBL_MIN_EXP, DBL_MAX_EXP),
                     x[i]);
        }
    }
    judge(f, "f64", &w);
}
END_TEST

/* ---- edges ---------------------------------------------------------------------------- */

enum { F32 = 1, F64 = 2, BOTH = 3 };

/* clang-format off */
static const struct {
    const char *f;
    int types;
    double x, y;
} edges[] = {
    {"exp", BOTH, 0, 1}, {"exp", BOTH, -0.0, 1}, {"exp", BOTH, INFINITY, INFINITY},
    {"exp", BOTH, -INFINITY, 0}, {"exp", F32, 0x1.62e43p+6, INFINITY},
    {"exp", F32, -0x1.9fe368p+6, 0x1p-149}, {"exp", F32, -0x1.9fe36ap+6, 0},
    {"exp", F64, 0x1.62e42fefa39fp+9, INFINITY}, {"exp", F64, -0x1.74910d52d3051p+9, 0x1p-1074},
    {"exp", F64, -0x1.74910d52d3052p+9, 0},
    {"expm1", BOTH, 0, 0}, {"expm1", BOTH, -0.0, -0.0}, {"expm1", BOTH, INFINITY, INFINITY},
    {"expm1", BOTH, -INFINITY, -1}, {"expm1", F32, 0x1.62e43p+6, INFINITY},
    {"expm1", F64, 0x1.62e42fefa39fp+9, INFINITY}, {"expm1", BOTH, -0x1p100, -1},
    {"expm1", F32, 0x1p-149, 0x1p-149}, {"expm1", F64, -0x1p-1074, -0x1p-1074},
    {"log", BOTH, 0, -INFINITY}, {"log", BOTH, -0.0, -INFINITY}, {"log", BOTH, 1, 0},
    {"log", BOTH, -0x1p-126, NAN}, {"log", BOTH, INFINITY, INFINITY}, {"log", BOTH, -INFINITY, NAN},
    {"log1p", BOTH, 0, 0}, {"log1p", BOTH, -0.0, -0.0}, {"log1p", BOTH, -1, -INFINITY},
    {"log1p", BOTH, -1.5, NAN}, {"log1p", BOTH, INFINITY, INFINITY},
    {"log1p", BOTH, -INFINITY, NAN}, {"log1p", F32, 0x1p-149, 0x1p-149},
    {"log1p", F64, -0x1p-1074, -0x1p-1074},
    {"tanh", BOTH, 0, 0}, {"tanh", BOTH, -0.0, -0.0}, {"tanh", BOTH, INFINITY, 1},
    {"tanh", BOTH, -INFINITY, -1}, {"tanh", BOTH, -20, -1}, {"tanh", F32, -0x1p-149, -0x1p-149},
    {"tanh", F64, 0x1p-1074, 0x1p-1074},
    {"sigmoid", BOTH, 0, 0.5}, {"sigmoid", BOTH, INFINITY, 1}, {"sigmoid", BOTH, -INFINITY, 0},
    {"sigmoid", BOTH, 40, 1}, {"sigmoid", F32, -0x1.9fe368p+6, 0x1p-149},
    {"sigmoid", F64, -0x1.74910d52d3051p+9, 0x1p-1074}, {"sigmoid", BOTH, -0x1p100, 0},
    {"sin", BOTH, 0, 0}, {"sin", BOTH, -0.0, -0.0}, {"sin", F32, -0x1p-149, -0x1p-149},
    {"sin", F64, 0x1p-1074, 0x1p-1074},
    {"cos", BOTH, 0, 1},
};
/* clang-format on */

static const function *function_of(const char *name)
{
    const function *f = functions;
    while (strcmp(f->name, name) != 0)
        f++;
    return f;
}

enum { COPIES = 17 }; /* some in the vectors, some in what is left over */

static void check_value(const function *f, int type, double x, double y)
{
    float x_f32[COPIES], y_f32[COPIES];
    double x_f64[COPIES], y_f64[COPIES];
    for (int i = 0; i < COPIES; i++)
        x_f64[i] = x, x_f32[i] = (float)x;
    for (int set = 0; set < SETS; set++) {
        if (!set_runs(set))
            continue;
        f->f32[set](COPIES, x_f32, y_f32);
        f->f64[set](COPIES, x_f64, y_f64);
        for (int i = 0; i < COPIES; i++) {
            double got = type == F32 ? (double)y_f32[i] : y_f64[i];
            bool same = isnan(y) ? isnan(got) : got == y && signbit(got) == signbit(y);
            ck_assert_msg(same, "%s(%a) = %a, not %a (f%d, %s)", f->name, x, got, y, type * 32,
                          set_names[set]);
        }
    }
}

START_TEST(edges_are_those_of_annex_f)
{
    for (int type = F32; type <= F64; type++)
        if (edges[_i].types & type)
            check_value(function_of(edges[_i].f), type, edges[_i].x, edges[_i].y);
}
END_TEST

START_TEST(nan_stays_nan)
{
    check_value(&functions[_i], F32, NAN, NAN);
    check_value(&functions[_i], F64, -NAN, NAN);
}
END_TEST

START_TEST(one_number_too_far_is_found_among_many)
{
    float x[COPIES] = {0};
    double y[COPIES] = {0};
    x[_i] = AD_NEAR(x[0]), y[_i] = -AD_NEAR(y[0]);
    ck_assert(ad_near_f32(COPIES, x) && ad_near_f64(COPIES, y));
    x[_i] = nextafterf(x[_i], INFINITY), y[_i] = nextafter(y[_i], -INFINITY);
    ck_assert(!ad_near_f32(COPIES, x) && !ad_near_f64(COPIES, y));
    x[_i] = NAN, y[_i] = NAN;
    ck_assert(!ad_near_f32(COPIES, x) && !ad_near_f64(COPIES, y));
}
END_TEST

/* ---- bits ----------------------------------------------------------------------------- */

/* FNV-1a over whole words; every NaN counts as the same. */
static uint64_t hash_on(uint64_t hash, uint64_t bits, bool nan)
{
    return (hash ^ (nan ? 1 : bits)) * 0x100000001b3;
}

static uint64_t hash_f32(const function *f, int set)
{
    static float x[BLOCK], y[BLOCK];
    uint64_t hash = 0xcbf29ce484222325;
    for (uint64_t b = 0; fill_f32(f, b, 9973, x); b++) {
        f->f32[set](BLOCK, x, y);
        for (int i = 0; i < BLOCK; i++)
            hash = hash_on(hash, ad_bits_f32(y[i]), isnan(y[i]));
    }
    return hash;
}

static uint64_t hash_f64(const function *f, int set)
{
    static double x[BLOCK], y[BLOCK];
    uint64_t hash = 0xcbf29ce484222325;
    for (uint64_t b = 0; b < 64; b++) {
        fill_f64(f, b, x);
        f->f64[set](BLOCK, x, y);
        for (int i = 0; i < BLOCK; i++)
            hash = hash_on(hash, ad_bits_f64(y[i]), isnan(y[i]));
    }
    return hash;
}

START_TEST(every_machine_gives_the_same_bits)
{
    const function *f = &functions[_i];
    for (int set = 0; set < SETS; set++) {
        if (!set_runs(set))
            continue;
        uint64_t f32 = hash_f32(f, set), f64 = hash_f64(f, set);
        ck_assert_msg(f32 == f->hash_f32 && f64 == f->hash_f64,
                      "%s, %s: 0x%016" PRIx64 ", 0x%016" PRIx64, f->name, set_names[set], f32, f64);
    }
}
END_TEST

static Suite *elementary_suite(void)
{
    Suite *suite = suite_create("elementary");
    TCase *errors = tcase_create("errors"), *values = tcase_create("values");
    tcase_add_loop_test(errors, f32_is_within_two_units_of_the_last_place, 0, FUNCTIONS);
#if LDBL_MANT_DIG >= 64
    tcase_add_loop_test(errors, f64_is_within_two_units_of_the_last_place, 0, FUNCTIONS);
#else
    puts("# skipped: errors in f64, since long double is no wider");
#endif
    tcase_add_loop_test(values, edges_are_those_of_annex_f, 0, sizeof edges / sizeof edges[0]);
    tcase_add_loop_test(values, nan_stays_nan, 0, FUNCTIONS);
    tcase_add_loop_test(values, one_number_too_far_is_found_among_many, 0, COPIES);
    tcase_add_loop_test(values, every_machine_gives_the_same_bits, 0, FUNCTIONS);
    if (getenv("ADZE_EXHAUSTIVE"))
        tcase_set_timeout(errors, 0);
    suite_add_tcase(suite, errors);
    suite_add_tcase(suite, values);
    return suite;
}

int main(void)
{
    return run_suite(elementary_suite());
}
