/* Programs at many points: the code of a program for a kind of call, and the calls. */
#include "program/lanes.h"

#include "base/memory.h"
#include "base/pool.h"
#include "base/sized.h"

#include <stdatomic.h>
#include <string.h>

/* ---- code that is kept -------------------------------------------------------------- */

enum { KEPT = 16 };

/* Codes are added at the front, and stay as long as the program. */
struct ad_lane_forms {
    _Atomic(ad_lane_code *) first;
    atomic_uint count;
};

ad_lane_forms *ad_lane_forms_new(const ad_allocator *allocator)
{
    ad_lane_forms *forms = ad_memory_take(allocator, sizeof *forms);
    if (forms) {
        atomic_init(&forms->first, NULL);
        atomic_init(&forms->count, 0);
    }
    return forms;
}

void ad_lane_forms_free(ad_lane_forms *forms, const ad_allocator *allocator)
{
    if (!forms)
        return;
    for (ad_lane_code *code = atomic_load(&forms->first), *next; code; code = next) {
        next = code->next;
        ad_lane_free(code);
    }
    ad_memory_give(allocator, forms, sizeof *forms);
}

size_t ad_lane_forms_bytes(const ad_lane_forms *forms)
{
    size_t bytes = sizeof *forms;
    for (const ad_lane_code *code = atomic_load(&forms->first); code; code = code->next)
        bytes += code->bytes;
    return bytes;
}

static bool fits(const ad_lane_code *code, const ad_map_input *x, const ad_map_output *y)
{
    for (uint32_t i = 0; i < code->program->inputs; i++)
        if (code->shared[i] != ad_lane_shares(&x[i]))
            return false;
    for (uint32_t i = 0; i < code->program->outputs; i++)
        if (code->role[i] != ad_lane_role_of(&y[i]))
            return false;
    return true;
}

const ad_lane_code *ad_lane_code_for(const ad_program *p, const ad_map_input *x,
                                     const ad_map_output *y, bool *own)
{
    ad_lane_forms *forms = p->lanes;
    ad_lane_code *first = atomic_load(&forms->first);
    *own = false;
    for (const ad_lane_code *code = first; code; code = code->next)
        if (fits(code, x, y))
            return code;
    ad_lane_code *code = ad_lane_lower(p, x, y);
    if (code)
        *own = atomic_fetch_add(&forms->count, 1) >= KEPT;
    if (*own)
        atomic_fetch_sub(&forms->count, 1);
    if (!code || *own)
        return code;
    code->next = first;
    while (!atomic_compare_exchange_weak(&forms->first, &code->next, code))
        ;
    return code;
}

/* ---- a call ------------------------------------------------------------------------- */

enum {
    WORK = 1 << 18,       /* instructions times points that are worth another thread */
    PIECES = 64,          /* at most, where there are sums */
    PIECE_SUMS = 1 << 19, /* of all pieces together, at most */
    FAR = 1 << 19         /* numbers that do not lie near */
};

typedef struct map_call {
    const ad_program *program;
    const ad_lane_code *code;
    ad_isa isa;
    size_t n;
    const ad_map_input *in;
    const ad_map_output *out;
    unsigned char *differs;
    size_t piece, pieces;   /* points of a piece */
    size_t workers, room;   /* numbers of a worker */
    double *uniform;        /* [uniforms] */
    double *sums;           /* [pieces, sums] */
    double *own;            /* [workers, room] */
    uint32_t uniform_guard; /* the first that has another outcome, or NO_GUARD */
    atomic_flag lock;
    _Atomic size_t point; /* the first that has, or n */
    uint32_t guard;
} map_call;

#define NO_GUARD UINT32_MAX

static size_t in_lines(size_t numbers)
{
    return ad_size_add(numbers, AD_LANE_LEAST - 1) & ~(size_t)(AD_LANE_LEAST - 1);
}

size_t ad_lane_piece(const ad_lane_code *code, size_t n)
{
    size_t most = PIECES, piece = WORK / code->weight;
    if (code->sums) {
        most = PIECE_SUMS / code->sums < most ? PIECE_SUMS / code->sums : most;
        most = most ? most : 1;
        piece = piece < n / most ? n / most + 1 : piece;
    }
    return ad_size_add(piece, code->width) / code->width * code->width;
}

/* The numbers of the workspace, with those that bring it to an address of vectors. */
static size_t plan(map_call *c, ad_pool *pool)
{
    const ad_lane_code *code = c->code;
    size_t threads = (size_t)ad_pool_threads(pool);
    c->piece = ad_lane_piece(code, c->n);
    c->pieces = c->n / c->piece + (c->n % c->piece != 0);
    c->workers = threads;
    c->room = ad_size_add(ad_size_mul((size_t)code->slots + AD_LANE_LEAST, code->width),
                          ad_size_mul(code->sums, AD_LANE_LEAST));
    size_t sums = ad_size_mul(c->pieces, code->sums);
    return ad_size_add(ad_size_add(AD_LANE_LEAST, in_lines(code->uniforms)),
                       ad_size_add(in_lines(sums), ad_size_mul(c->workers, c->room)));
}

static void lay_out_work(map_call *c, double *work)
{
    uintptr_t bytes = AD_ALIGNMENT, past = (uintptr_t)work % bytes;
    work += past ? (bytes - past) / sizeof *work : 0;
    c->uniform = work;
    c->sums = c->uniform + in_lines(c->code->uniforms);
    c->own = c->sums + in_lines(c->pieces * c->code->sums);
}

/* ---- the uniform part --------------------------------------------------------------- */

static double uniform_value(const ad_lane_code *code, const ad_lane_instruction *at,
                            const double *uniform)
{
    const uint32_t arity = ad_program_ops[at->code].arity;
    const double *a = &uniform[at->of[0]], *b = arity > 1 ? &uniform[at->of[1]] : a,
                 *c = arity > 2 ? &uniform[at->of[2]] : a;
    const ad_kernel *kernel = at->code < AD_PROGRAM_powi ? code->kernel[at->code] : NULL;
    double y;
    if (!kernel)
        return ad_program_value(at->code, *a, *b, *c);
    kernel->of[AD_ISA_base](0, 1, (const void *[]){a, b, c}, &y);
    return y;
}

static void run_late(map_call *c)
{
    const ad_lane_code *code = c->code;
    for (const ad_lane_instruction *at = code->last; at < code->last + code->lates; at++)
        c->uniform[at->to] = uniform_value(code, at, c->uniform);
}

static void run_uniform(map_call *c)
{
    const ad_lane_code *code = c->code;
    memcpy(c->uniform, c->program->constant, c->program->constants * sizeof *c->uniform);
    for (uint32_t k = 0; k < code->shares; k++)
        c->uniform[code->share[k].place] = *c->in[code->share[k].which].at;
    c->uniform_guard = NO_GUARD;
    for (const ad_lane_instruction *at = code->first; at < code->first + code->once; at++)
        if (at->code != AD_PROGRAM_guard)
            c->uniform[at->to] = uniform_value(code, at, c->uniform);
        else if (c->uniform_guard == NO_GUARD && (c->uniform[at->of[0]] != 0) != at->of[1])
            c->uniform_guard = at->of[2];
}

/* ---- points ------------------------------------------------------------------------- */

/* Keeps the first point whose guard has another outcome. */
static void note_failure(map_call *c, size_t point, uint32_t guard)
{
    while (atomic_flag_test_and_set(&c->lock))
        ;
    if (point < c->point) {
        c->point = point;
        c->guard = guard;
    }
    atomic_flag_clear(&c->lock);
}

static void note_marks(const map_call *c, const ad_lane_frame *f)
{
    memset(c->differs + f->from, 0, f->count);
    for (size_t i = 0; f->point != AD_NO_POINT && i < f->count; i++)
        c->differs[f->from + i] = !(f->counts >> i & 1);
}

/* So many points from f->from on. */
static void run_points(const map_call *c, ad_lane_frame *f, size_t count)
{
    static ad_lane_runner *const runners[] = {
#define RUNNER(isa) ad_lanes_##isa,
        AD_ISA_LIST(RUNNER)
#undef RUNNER
    };
    const bool none = c->uniform_guard != NO_GUARD;
    f->count = count;
    f->width = c->code->width;
    while (f->width > AD_LANE_LEAST && f->width / 2 >= count)
        f->width /= 2;
    f->counts = none ? 0 : UINT64_MAX >> (AD_LANE_MOST - count);
    f->point = none ? 0 : AD_NO_POINT;
    runners[c->isa](f);
    if (c->differs)
        note_marks(c, f);
}

/* Eight sums become one. */
static void fold(const map_call *c, const double *sums, double *to)
{
    for (uint32_t k = 0; k < c->code->sums; k++, sums += AD_LANE_LEAST)
        to[k] = ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
                ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

/* Results that were stored past the caches are there for other threads. */
static void end_streams(void)
{
#if defined(__x86_64__)
    __builtin_ia32_sfence();
#endif
}

static void run_piece(void *user, size_t piece, int worker)
{
    map_call *c = user;
    const ad_lane_code *code = c->code;
    const size_t begin = piece * c->piece, left = c->n - begin;
    const size_t end = begin + (left < c->piece ? left : c->piece);
    double *own = c->own + (size_t)worker * c->room;
    ad_lane_frame f = {.code = code, .in = c->in, .out = c->out, .uniform = c->uniform};
    f.stops = !c->differs;
    f.far = FAR / (code->stores + 1) < c->n;
    f.sums = own;
    f.row = own + (size_t)code->sums * AD_LANE_LEAST;
    f.lanes = f.row + (size_t)AD_LANE_LEAST * code->width;
    memset(f.sums, 0, (size_t)code->sums * AD_LANE_LEAST * sizeof *f.sums);
    for (f.from = begin; f.from < end && begin < c->point; f.from += f.count) {
        run_points(c, &f, end - f.from < code->width ? end - f.from : code->width);
        if (f.point != AD_NO_POINT && f.stops) {
            note_failure(c, f.from + f.point, f.guard);
            return;
        }
    }
    if (f.far)
        end_streams();
    fold(c, f.sums, c->sums + piece * code->sums);
}

static void add_pieces(map_call *c)
{
    const ad_lane_code *code = c->code;
    for (uint32_t k = 0; k < code->sums; k++) {
        double sum = c->sums[k];
        for (size_t i = 1; i < c->pieces; i++)
            sum += c->sums[i * code->sums + k];
        c->uniform[code->sum[k]] = sum;
    }
}

static void deliver(map_call *c)
{
    const ad_lane_code *code = c->code;
    if (c->n) {
        add_pieces(c);
        run_late(c);
    }
    for (uint32_t k = 0; k < code->delivers; k++)
        *c->out[code->deliver[k].which].at = c->n ? c->uniform[code->deliver[k].place] : 0;
}

static ad_status run_call(map_call *c, ad_pool *pool, ad_error *error)
{
    if (c->n)
        run_uniform(c);
    if (c->n && c->uniform_guard != NO_GUARD && !c->differs)
        note_failure(c, 0, c->uniform_guard);
    else
        ad_pool_run(pool, c->pieces, run_piece, c);
    if (c->point < c->n)
        return ad_fail(error, AD_BRANCH,
                       "program_map: point %zu: the comparison at %s has another outcome than "
                       "recorded",
                       (size_t)c->point, ad_guard_line(c->program, c->guard));
    deliver(c);
    return AD_OK;
}

/* ---- what users call ---------------------------------------------------------------- */

/* Fills in *options from what is given. AD_MISUSE with an error where something is missing. */
static ad_status check_call(const ad_program *p, const ad_map_input *x, const ad_map_output *y,
                            const ad_map_options *given, ad_map_options *options, ad_error *error)
{
    *options = (ad_map_options){.size = sizeof *options};
    if (!p || (p->inputs && !x) || (p->outputs && !y))
        return ad_fail(error, AD_MISUSE, "program_map: the program, x or y is NULL");
    if (given &&
        !ad_sized_read(options, sizeof *options, given, AD_END_OF(ad_map_options, differs)))
        return ad_fail(error, AD_MISUSE, "program_map: options->size is not set");
    for (uint32_t i = 0; i < p->inputs; i++)
        if (!x[i].at)
            return ad_fail(error, AD_MISUSE, "program_map: input %u has no address", i);
    return AD_OK;
}

static ad_status run_with(map_call *c, const ad_map_options *options, ad_error *error)
{
    const ad_allocator *allocator = c->program->options.allocator;
    size_t bytes = ad_size_mul(plan(c, options->pool), sizeof(double));
    double *own = options->work ? NULL : ad_memory_take(allocator, bytes);
    if (!options->work && !own)
        return ad_fail(error, AD_MEMORY, "program_map: memory ran out: %zu bytes", bytes);
    lay_out_work(c, own ? own : options->work);
    ad_status status = run_call(c, options->pool, error);
    if (own)
        ad_memory_give(allocator, own, bytes);
    return status;
}

ad_status ad_lane_map(const ad_program *p, ad_isa isa, size_t n, const ad_map_input *x,
                      const ad_map_output *y, const ad_map_options *given, ad_error *error)
{
    ad_map_options options;
    bool own = false;
    ad_status status = check_call(p, x, y, given, &options, error);
    if (status != AD_OK)
        return status;
    map_call c = {.program = p,
                  .code = ad_lane_code_for(p, x, y, &own),
                  .isa = isa,
                  .n = n,
                  .in = x,
                  .out = y,
                  .differs = options.differs,
                  .lock = ATOMIC_FLAG_INIT,
                  .point = n};
    if (!c.code)
        return ad_fail(error, AD_MEMORY, "program_map: memory ran out with %u operations",
                       p->nodes);
    status = run_with(&c, &options, error);
    if (own)
        ad_lane_free((ad_lane_code *)(uintptr_t)c.code);
    return status;
}

ad_status ad_program_map(const ad_program *p, size_t n, const ad_map_input *x,
                         const ad_map_output *y, const ad_map_options *options, ad_error *error)
{
    return ad_lane_map(p, ad_cpu_isa(), n, x, y, options, error);
}

size_t ad_program_map_work(const ad_program *p, size_t n, const ad_map_input *x,
                           const ad_map_output *y, const ad_map_options *given)
{
    ad_map_options options;
    bool own = false;
    if (check_call(p, x, y, given, &options, NULL) != AD_OK)
        return 0;
    map_call c = {.program = p, .code = ad_lane_code_for(p, x, y, &own), .n = n};
    size_t numbers = c.code ? plan(&c, options.pool) : SIZE_MAX;
    if (own)
        ad_lane_free((ad_lane_code *)(uintptr_t)c.code);
    return numbers;
}
