/* Matrix products: kernels of our own, and the one door to BLIS. */
#define _POSIX_C_SOURCE 200809L /* blis.h wants pthread_barrier_t */
#include "kernels/gemm.h"

#include "array/strided.h"
#include "base/workspace.h"
#include "kernels/gemm_kernel.h"

#if __has_include(<blis/blis.h>)
#include <blis/blis.h>
#else
#include <blis.h>
#endif

ad_matrix ad_matrix_transposed(ad_matrix a)
{
    return (ad_matrix){a.data, a.columns, a.rows, a.column_step, a.row_step};
}

ad_matrix ad_matrix_of(const ad_view *v)
{
    int last = v->shape.rank - 1;
    return (ad_matrix){v->data, v->shape.dim[last - 1], v->shape.dim[last], v->stride[last - 1],
                       v->stride[last]};
}

/* Steps along an extent of 1 are never taken and may be anything: gives them honest values. */
static ad_matrix with_plain_steps(ad_matrix a)
{
    if (a.rows == 1 && a.columns == 1)
        a.row_step = a.column_step = 1;
    else if (a.rows == 1)
        a.row_step = a.columns * a.column_step;
    else if (a.columns == 1)
        a.column_step = a.rows * a.row_step;
    return a;
}

/* ---- BLIS -------------------------------------------------------------------------- */

static void blis_f32(const ad_gemm_task *p, rntm_t *runtime)
{
    float one = 1, keep = p->add;
    bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)p->a.rows, (dim_t)p->b.columns,
                 (dim_t)p->a.columns, &one, (float *)(uintptr_t)p->a.data, (inc_t)p->a.row_step,
                 (inc_t)p->a.column_step, (float *)(uintptr_t)p->b.data, (inc_t)p->b.row_step,
                 (inc_t)p->b.column_step, &keep, p->c, (inc_t)p->c_step, 1, NULL, runtime);
}

static void blis_f64(const ad_gemm_task *p, rntm_t *runtime)
{
    double one = 1, keep = p->add;
    bli_dgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)p->a.rows, (dim_t)p->b.columns,
                 (dim_t)p->a.columns, &one, (double *)(uintptr_t)p->a.data, (inc_t)p->a.row_step,
                 (inc_t)p->a.column_step, (double *)(uintptr_t)p->b.data, (inc_t)p->b.row_step,
                 (inc_t)p->b.column_step, &keep, p->c, (inc_t)p->c_step, 1, NULL, runtime);
}

static void multiply_by_blis(ad_type type, const ad_gemm_task *p)
{
    rntm_t runtime;
    bli_rntm_init(&runtime);
    bli_rntm_set_num_threads(1, &runtime);
    bli_rntm_disable_l3_sup(&runtime);
    if (type == AD_F32)
        blis_f32(p, &runtime);
    else
        blis_f64(p, &runtime);
}

/* BLIS may be built with integers of 32 bits. */
static bool fits(ad_matrix a)
{
    return a.rows == (dim_t)a.rows && a.columns == (dim_t)a.columns &&
           a.row_step == (inc_t)a.row_step && a.column_step == (inc_t)a.column_step;
}

/* Rows or columns that lie together and do not overlap: what BLIS is asked to take. */
static bool plain(ad_matrix a)
{
    return (a.column_step == 1 && a.row_step >= a.columns) ||
           (a.row_step == 1 && a.column_step >= a.rows);
}

/* Where the product is large in every direction, and BLIS knows this machine's vectors: a
 * processor newer than itself it takes for a generic one. */
static bool is_for_blis(ad_isa isa, ad_matrix a, ad_matrix b)
{
    enum { LARGE = 512 };
    if (a.rows < LARGE || b.columns < LARGE || a.columns < LARGE)
        return false;
    if (!plain(a) || !plain(b) || !fits(a) || !fits(b))
        return false;
    arch_t arch = bli_arch_query_id();
#if defined(__x86_64__)
    if (isa == AD_ISA_avx512)
        return arch == BLIS_ARCH_SKX;
#endif
    (void)isa;
    return arch != BLIS_ARCH_GENERIC;
}

void ad_gemm_warm_up(void)
{
    enum { SIDE = 8 };
    static const double zeros[SIDE * SIDE];
    double c[SIDE * SIDE];
    ad_matrix a = {zeros, SIDE, SIDE, SIDE, 1};
    ad_gemm_task p = {.a = a, .b = a, .c = c, .c_step = SIDE};
    multiply_by_blis(AD_F32, &p);
    multiply_by_blis(AD_F64, &p);
}

/* ---- plans ------------------------------------------------------------------------- */

static int64_t up_to_multiple(int64_t n, int64_t of)
{
    return (n + of - 1) / of * of;
}

enum { RESULT_BYTES = 1 << 19 }; /* what each piece of the terms can go through at little cost */

static bool is_small(ad_type type, int64_t rows, int64_t columns)
{
    int64_t most = RESULT_BYTES / (int64_t)ad_type_size(type);
    return rows <= most && rows * columns <= most;
}

/* Less than so many columns of b are done in one or two passes through a; less than so many terms hardly leave the
 * cache in between. */
enum { COLUMNS = 7, TERMS = 512 };

/* Whether the terms of a sum lie far apart, rows of a together, so that kernels of gemm_tall.c fit; and whether they
 * are faster, which is measured. With few columns they are by far, for others multiply numbers that nobody asked
 * for, or with vectors that hardly fill the registers. With more columns they gain less, and nothing where those are
 * panels of two or three vectors, or have at most eight bytes more. */
static bool is_tall(ad_type type, ad_matrix a, ad_matrix b)
{
    enum { FEW = 30, MOST = 95, MOST_BYTES = 512, ROWS = 128, FEW_TERMS = 128 };
    enum { TWO_VECTORS = 128, THREE_VECTORS = 192 };
    int64_t n = b.columns, bytes = n * (int64_t)ad_type_size(type);
    bool fill_panels = bytes % THREE_VECTORS <= 8 || bytes % THREE_VECTORS == TWO_VECTORS;
    return a.row_step == 1 && a.column_step != 1 && a.rows >= ROWS &&
           a.columns >= (n <= FEW ? FEW_TERMS : TERMS) && n >= COLUMNS && n <= MOST &&
           bytes <= MOST_BYTES && !fill_panels && is_small(type, a.rows, n);
}

/* Pieces of a sum that threads share. */
enum { MOST_PIECES = 32 };

/* Whether a result is so much smaller than its factors that threads had better share the sum: each has its own rows
 * of b then, as it has its own rows of the product that is b's gradient. */
static bool is_flat(ad_type type, ad_matrix a, ad_matrix b)
{
    enum { ROWS = 256, FLAT_BYTES = 1 << 16 };
    int64_t most = FLAT_BYTES / (int64_t)ad_type_size(type);
    return a.column_step == 1 && a.columns >= TERMS &&
           a.columns <= MOST_PIECES * AD_PRODUCT_DEPTH && a.rows <= ROWS && b.columns <= most &&
           a.rows * b.columns <= most;
}

static int64_t count_pieces(int64_t terms, int64_t depth)
{
    return (terms + depth - 1) / depth;
}

/* Pieces as equal as can be, however many threads there are. */
static int64_t flat_depth(int64_t terms)
{
    enum { PIECE = 400, ALIGNED = 16 };
    int64_t pieces = count_pieces(terms, PIECE);
    pieces = pieces < MOST_PIECES ? pieces : MOST_PIECES;
    return up_to_multiple(count_pieces(terms, pieces), ALIGNED);
}

/* Where the terms of a sum lie far apart, many columns of b meet the same numbers of a: pieces of it stay in the
 * cache, two at a time, for the next is being fetched. But all of a large result goes through the cache with each
 * piece. */
static int64_t choose_depth(ad_type type, ad_matrix a, ad_matrix b, bool tall, bool flat)
{
    enum { FAR = AD_PRODUCT_DEPTH / 4, PIECE_BYTES = 200 << 10, STEP = 8 };
    int64_t enough = tall ? FAR + 1 : TERMS, least = tall ? 32 : 64;
    if (flat)
        return flat_depth(a.columns);
    if (a.column_step == 1)
        return AD_PRODUCT_DEPTH;
    if (a.columns < enough || b.columns < COLUMNS || !is_small(type, a.rows, b.columns))
        return FAR;
    int64_t terms = PIECE_BYTES / (int64_t)ad_type_size(type) / a.rows / STEP * STEP;
    return terms < least ? least : terms < FAR ? terms : FAR;
}

#define KERNEL_F32(isa) [AD_ISA_##isa] = ad_product_f32_##isa,
#define KERNEL_F64(isa) [AD_ISA_##isa] = ad_product_f64_##isa,
#define TALL_F32(isa)   [AD_ISA_##isa] = ad_tall_f32_##isa,
#define TALL_F64(isa)   [AD_ISA_##isa] = ad_tall_f64_##isa,

ad_product_plan ad_plan_product(ad_isa isa, ad_type type, ad_matrix a, ad_matrix b)
{
    static ad_product_kernel *const f32[2][AD_ISA_COUNT] = {{AD_ISA_LIST(KERNEL_F32)},
                                                            {[0] = NULL, AD_TALL_LIST(TALL_F32)}};
    static ad_product_kernel *const f64[2][AD_ISA_COUNT] = {{AD_ISA_LIST(KERNEL_F64)},
                                                            {[0] = NULL, AD_TALL_LIST(TALL_F64)}};
    ad_product_kernel *const(*kernels)[AD_ISA_COUNT] = type == AD_F32 ? f32 : f64;
    bool tall = kernels[1][isa] && is_tall(type, a, b), flat = is_flat(type, a, b);
    return (ad_product_plan){kernels[tall][isa], choose_depth(type, a, b, tall, flat), tall, flat};
}

size_t ad_product_room(const ad_product_plan *plan, ad_type type, int64_t rows, int64_t columns)
{
    enum { PANEL_BYTES = 128 };
    int64_t size = (int64_t)ad_type_size(type), even = columns + columns % 2;
    if (!plan->tall)
        return AD_PRODUCT_ROOM;
    return (size_t)(even * ad_tall_row(rows, size) + plan->depth * (PANEL_BYTES + even * size));
}

/* ---- splitting --------------------------------------------------------------------- */

typedef struct job {
    ad_gemm_task whole;
    ad_type type;
    ad_product_plan plan;  /* without a kernel: BLIS */
    int64_t rows, columns; /* of a task */
    size_t across;         /* tasks that make whole rows */
    void *pieces;          /* results of all pieces of the sum but the first, if threads share it */
    char *room;            /* for each thread */
    size_t room_bytes;     /* of a thread */
    const ad_epilogue *then;
} job;

static const char *at(const job *j, const void *data, int64_t elements)
{
    return (const char *)data + elements * (int64_t)ad_type_size(j->type);
}

static void run_task(void *user, size_t task, int worker)
{
    const job *j = user;
    ad_gemm_task p = j->whole;
    int64_t row = (int64_t)(task / j->across) * j->rows, m = p.a.rows - row;
    int64_t column = (int64_t)(task % j->across) * j->columns, n = p.b.columns - column;
    p.a.data = at(j, p.a.data, row * p.a.row_step);
    p.b.data = at(j, p.b.data, column * p.b.column_step);
    p.c = (void *)(uintptr_t)at(j, p.c, row * p.c_step + column);
    p.a.rows = m < j->rows ? m : j->rows;
    p.b.columns = n < j->columns ? n : j->columns;
    p.room = j->room + (size_t)worker * j->room_bytes;
    if (j->plan.kernel)
        j->plan.kernel(&p);
    else
        multiply_by_blis(j->type, &p);
    if (j->then && j->across == 1)
        j->then->run(j->then->user, row, row + p.a.rows);
}

/* How many tasks: a few for each thread, none of them tiny. Each packs b anew, so that one with few
 * rows is a waste; and each reads all of an a whose terms lie far apart. */
static int64_t count_tasks(const job *j, int threads)
{
    enum { LEAST = 1 << 19, MANY_ROWS = 256 };
    const ad_matrix *a = &j->whole.a, *b = &j->whole.b;
    double work = (double)a->rows * (double)b->columns * (double)a->columns / LEAST;
    int64_t most = threads;
    if (a->column_step == 1 && a->rows / MANY_ROWS > most)
        most = a->rows / MANY_ROWS < 4 * threads ? a->rows / MANY_ROWS : 4 * threads;
    return threads == 1 || work < 2 ? 1 : work < (double)most ? (int64_t)work : most;
}

/* Sets what a task is: some rows, or some columns where there are more of those. Whole rows that
 * something follows are few enough to stay in the cache. */
static void plan_tasks(job *j, int threads)
{
    enum { HOT_BYTES = 1 << 17, ALIGNED = 16 };
    int64_t m = j->whole.a.rows, n = j->whole.b.columns, tasks = count_tasks(j, threads);
    j->rows = m;
    j->columns = n;
    if (tasks > 1 && n > m)
        j->columns = up_to_multiple((n + tasks - 1) / tasks, AD_PRODUCT_COLUMNS);
    else if (tasks > 1)
        j->rows = up_to_multiple((m + tasks - 1) / tasks, ALIGNED);
    j->across = (size_t)((n + j->columns - 1) / j->columns);
    if (j->then && j->across == 1) {
        int64_t hot = HOT_BYTES / (n * (int64_t)ad_type_size(j->type));
        hot = hot < 256 ? 256 : up_to_multiple(hot, ALIGNED);
        j->rows = j->rows < hot ? j->rows : hot;
    }
}

/* ---- sharing the sum ----------------------------------------------------------------- */

static size_t result_bytes(const job *j)
{
    return (size_t)(j->whole.a.rows * j->whole.b.columns) * ad_type_size(j->type);
}

/* The first piece goes where the result will be, each of the others to a place of its own. */
static void run_piece(void *user, size_t task, int worker)
{
    const job *j = user;
    ad_gemm_task p = j->whole;
    int64_t term = (int64_t)task * p.depth, left = p.a.columns - term;
    p.a.data = at(j, p.a.data, term * p.a.column_step);
    p.b.data = at(j, p.b.data, term * p.b.row_step);
    p.a.columns = p.b.rows = left < p.depth ? left : p.depth;
    if (task > 0) {
        p.c = (char *)j->pieces + (task - 1) * result_bytes(j);
        p.add = false;
    }
    p.room = j->room + (size_t)worker * j->room_bytes;
    j->plan.kernel(&p);
}

static void add_piece(const job *j, const void *piece)
{
    size_t n = result_bytes(j) / ad_type_size(j->type);
    if (j->type == AD_F32)
        for (size_t i = 0; i < n; i++)
            ((float *)j->whole.c)[i] += ((const float *)piece)[i];
    else
        for (size_t i = 0; i < n; i++)
            ((double *)j->whole.c)[i] += ((const double *)piece)[i];
}

/* In the order in which one thread adds them. */
static void multiply_flat(ad_workspace *work, job *j)
{
    size_t pieces = (size_t)count_pieces(j->whole.a.columns, j->whole.depth);
    size_t bytes = result_bytes(j);
    j->pieces = ad_scratch(work, (pieces - 1) * bytes);
    if (!j->pieces)
        return;
    ad_work_share(work, pieces, run_piece, j);
    for (size_t i = 0; i + 1 < pieces; i++)
        add_piece(j, (char *)j->pieces + i * bytes);
    if (j->then)
        j->then->run(j->then->user, 0, j->whole.a.rows);
}

/* ---- products ------------------------------------------------------------------------ */

static void multiply(ad_workspace *work, job *j)
{
    int threads = ad_work_threads(work);
    plan_tasks(j, threads);
    size_t tasks = (size_t)((j->whole.a.rows + j->rows - 1) / j->rows) * j->across;
    ad_arena_mark start = ad_arena_here(work->arena); /* a rule may make several products */
    if (j->plan.kernel) {
        j->room_bytes = ad_product_room(&j->plan, j->type, j->rows, j->columns);
        j->room = ad_scratch(work, (size_t)threads * j->room_bytes);
        if (!j->room)
            return;
    }
    if (tasks > 1 && j->plan.flat && j->whole.c_step == j->whole.b.columns) {
        multiply_flat(work, j);
    } else {
        ad_work_share(work, tasks, run_task, j);
        if (j->then && j->across > 1)
            j->then->run(j->then->user, 0, j->whole.a.rows);
    }
    ad_arena_return(work->arena, start);
}

static void plan_and_multiply(ad_workspace *work, ad_type type, ad_gemm_task p,
                              const ad_epilogue *then)
{
    p.a = with_plain_steps(p.a);
    p.b = with_plain_steps(p.b);
    ad_isa isa = ad_work_isa(work);
    job j = {.whole = p, .type = type, .then = then};
    if (!is_for_blis(isa, p.a, p.b))
        j.plan = ad_plan_product(isa, type, p.a, p.b);
    j.whole.depth = j.plan.depth;
    multiply(work, &j);
}

void ad_gemm(ad_workspace *work, ad_type type, ad_matrix a, ad_matrix b, bool add, void *c,
             const ad_epilogue *then)
{
    if (a.rows == 0 || b.columns == 0)
        return;
    if (a.columns == 0 && !add)
        memset(c, 0, (size_t)a.rows * (size_t)b.columns * ad_type_size(type));
    ad_gemm_task p = {.a = a, .b = b, .c = c, .c_step = b.columns, .add = add};
    plan_and_multiply(work, type, p, then);
}

void ad_gemm_add(ad_workspace *work, ad_type type, ad_matrix a, ad_matrix b, void *c,
                 int64_t c_step)
{
    if (a.rows == 0 || b.columns == 0 || a.columns == 0)
        return;
    ad_gemm_task p = {.a = a, .b = b, .c = c, .c_step = c_step, .add = true};
    plan_and_multiply(work, type, p, NULL);
}
