/* Sums over all ranks, in a tree of a fixed form. */
#include "mpi/exchange.h"

#include <string.h>

/* Bytes up to which each rank adds up everything by itself: of two ranks, and of all in more. */
enum { ALONE = 1 << 19, FEW = 1 << 15 };

/* ---- who has what ---------------------------------------------------------------------- */

/* As in adze/model.h. */
static int64_t middle(int64_t lo, int64_t hi)
{
    return lo + (hi - lo + 1) / 2;
}

/* Rounded up, for so the tree halves: ranks of a power of two that divides the leaves have one
 * piece each. */
int64_t ad_first_leaf(int64_t leaves, int rank, int ranks)
{
    return leaves / ranks * rank + (leaves % ranks * rank + ranks - 1) / ranks;
}

/* Counts the pieces among some leaves, and notes them where there is room. */
static size_t collect(const ad_exchange *x, int64_t lo, int64_t hi, size_t at, int rank)
{
    while (x->bound[rank + 1] <= lo)
        rank++;
    if (hi <= x->bound[rank + 1]) {
        if (x->piece)
            x->piece[at] = (ad_piece){lo, hi, rank};
        return at + 1;
    }
    int64_t m = middle(lo, hi);
    return collect(x, m, hi, collect(x, lo, m, at, rank), rank);
}

static bool plan(ad_exchange *x, ad_error *error)
{
    int ranks = x->m->ranks;
    x->bound = ad_ranks_take(x->m, (size_t)ranks + 1, sizeof *x->bound, error);
    for (int i = 0; x->bound && i <= ranks; i++)
        x->bound[i] = ad_first_leaf(x->leaves, i, ranks);
    x->pieces = x->bound ? collect(x, 0, x->leaves, 0, 0) : 0;
    x->piece = x->bound ? ad_ranks_take(x->m, x->pieces, sizeof *x->piece, error) : NULL;
    if (!x->piece)
        return false;
    collect(x, 0, x->leaves, 0, 0);
    for (size_t i = 0; i < x->pieces; i++) {
        x->first_own += x->piece[i].rank < x->m->rank;
        x->own += x->piece[i].rank == x->m->rank;
    }
    return true;
}

/* Bytes of the result. */
typedef struct range {
    size_t begin, end;
} range;

static size_t segment_at(const ad_exchange *x, int rank)
{
    size_t units = x->packing.bytes / AD_PACK_UNIT, ranks = (size_t)x->m->ranks, i = (size_t)rank;
    size_t more = units % ranks;
    return (units / ranks * i + (i < more ? i : more)) * AD_PACK_UNIT;
}

/* Those that a rank adds up. */
static range segment(const ad_exchange *x, int rank)
{
    return x->whole ? (range){0, x->packing.bytes}
                    : (range){segment_at(x, rank), segment_at(x, rank + 1)};
}

/* Between two ranks as many bytes are sent either way, and among more ranks a few do not matter:
 * so there is one message less to wait for. */
static bool add_all(const ad_exchange *x)
{
    size_t bytes = x->packing.bytes, others = (size_t)x->m->ranks - 1;
    return others == 1 ? bytes <= ALONE : bytes <= FEW / (others + 1);
}

bool ad_exchange_begin(ad_exchange *x, ad_mpi *m, const char *name, ad_error *error)
{
    x->m = m;
    x->name = name;
    if (!plan(x, error))
        return false;
    x->whole = add_all(x);
    size_t bytes = x->packing.bytes, most = segment(x, 0).end, message = ad_message_bytes(m);
    x->block = message < most ? (message + AD_PACK_UNIT - 1) / AD_PACK_UNIT * AD_PACK_UNIT : most;
    x->mine = ad_ranks_take(m, x->own, bytes, error);
    if (m->ranks == 1) {
        x->result = x->mine;
        return x->mine;
    }
    size_t others = (size_t)m->ranks - 1, first = x->pieces + x->own * others;
    x->result = x->mine ? ad_ranks_take(m, 1, bytes, error) : NULL;
    x->part = x->result ? ad_ranks_take(m, x->pieces, x->block, error) : NULL;
    return x->part &&
           ad_flight_begin(&x->flight, m, first > 2 * others ? first : 2 * others, error);
}

/* ---- adding up ------------------------------------------------------------------------- */

#define ARITHMETIC(T, suffix)                                        \
    static void add_##suffix(size_t n, T *y, const T *a, const T *b) \
    {                                                                \
        for (size_t i = 0; i < n; i++)                               \
            y[i] = a[i] + b[i];                                      \
    }                                                                \
    static void divide_##suffix(size_t n, T *y, T divisor, T share)  \
    {                                                                \
        for (size_t i = 0; share != 0 && i < n; i++)                 \
            y[i] *= share;                                           \
        for (size_t i = 0; share == 0 && i < n; i++)                 \
            y[i] /= divisor;                                         \
    }
ARITHMETIC(float, f32)
ARITHMETIC(double, f64)
#undef ARITHMETIC

/* Those of a rank's segment that are under way when each has done so many of its own. */
static range block_of(const ad_exchange *x, int rank, size_t done)
{
    range all = segment(x, rank);
    size_t begin = all.begin + done, end = all.end;
    if (begin > end)
        begin = end;
    return (range){begin, end - begin > x->block ? begin + x->block : end};
}

/* How many of a range are of f64. */
static size_t f64_of(const ad_exchange *x, range r)
{
    size_t end = x->packing.f64;
    return r.begin >= end ? 0 : (r.end < end ? r.end : end) - r.begin;
}

static void add(const ad_exchange *x, range r, char *to, const char *a, const char *b)
{
    size_t f64 = f64_of(x, r);
    add_f64(f64 / sizeof(double), (void *)to, (const void *)a, (const void *)b);
    add_f32((r.end - r.begin - f64) / sizeof(float), (void *)(to + f64), (const void *)(a + f64),
            (const void *)(b + f64));
}

/* A quotient by a power of two is the product with its inverse, to the bit, and that is faster. */
static void divide(const ad_exchange *x, range r, char *to)
{
    int ranks = x->m->ranks;
    size_t f64 = f64_of(x, r);
    double divisor = ranks, share = (ranks & (ranks - 1)) == 0 ? 1 / divisor : 0;
    divide_f64(f64 / sizeof(double), (void *)to, divisor, share);
    divide_f32((r.end - r.begin - f64) / sizeof(float), (void *)(to + f64), (float)divisor,
               (float)share);
}

/* A block of a piece: this rank's lies where the whole piece does. */
static const char *block_at(const ad_exchange *x, range r, size_t i)
{
    return x->piece[i].rank == x->m->rank
               ? x->mine + (i - x->first_own) * x->packing.bytes + r.begin
               : x->part + i * x->block;
}

/* The sum of leaves lo to hi - 1, whose pieces begin with number *at. It is made in the room
 * that its first piece has among the parts, or in the one that is given. */
static const char *sum(const ad_exchange *x, range r, int64_t lo, int64_t hi, size_t *at, char *to)
{
    const ad_piece *p = &x->piece[*at];
    if (p->lo == lo && p->hi == hi)
        return block_at(x, r, (*at)++);
    int64_t m = middle(lo, hi);
    if (!to)
        to = x->part + *at * x->block;
    const char *left = sum(x, r, lo, m, at, NULL), *right = sum(x, r, m, hi, at, NULL);
    add(x, r, to, left, right);
    return to;
}

/* ---- messages -------------------------------------------------------------------------- */

static bool wait(ad_exchange *x)
{
    double start = MPI_Wtime();
    bool good = ad_flight_wait(&x->flight, x->name);
    x->m->info.sending += MPI_Wtime() - start;
    return good;
}

/* Each rank gets all pieces of its block, and adds them up. */
static bool add_block(ad_exchange *x, size_t done)
{
    const ad_mpi *m = x->m;
    range r = block_of(x, m->rank, done);
    for (size_t i = 0; i < x->pieces; i++)
        if (x->piece[i].rank != m->rank)
            ad_flight_receive(&x->flight, x->piece[i].rank, x->part + i * x->block,
                              r.end - r.begin);
    for (int k = 1; k < m->ranks; k++) {
        int to = (m->rank + k) % m->ranks;
        range theirs = block_of(x, to, done);
        for (size_t i = 0; i < x->own; i++)
            ad_flight_send(&x->flight, to, x->mine + i * x->packing.bytes + theirs.begin,
                           theirs.end - theirs.begin);
    }
    if (!wait(x))
        return false;
    size_t at = 0;
    double start = MPI_Wtime();
    char *to = x->result + r.begin;
    const char *all = sum(x, r, 0, x->leaves, &at, to);
    if (all != to)
        memcpy(to, all, r.end - r.begin);
    if (x->mean)
        divide(x, r, to);
    x->m->info.adding += MPI_Wtime() - start;
    return true;
}

/* And sends the sum to all. */
static bool share_block(ad_exchange *x, size_t done)
{
    const ad_mpi *m = x->m;
    range r = block_of(x, m->rank, done);
    for (int k = 1; k < m->ranks; k++) {
        int from = (m->rank + m->ranks - k) % m->ranks;
        range theirs = block_of(x, from, done);
        ad_flight_receive(&x->flight, from, x->result + theirs.begin, theirs.end - theirs.begin);
    }
    for (int k = 1; k < m->ranks; k++)
        ad_flight_send(&x->flight, (m->rank + k) % m->ranks, x->result + r.begin, r.end - r.begin);
    return wait(x);
}

bool ad_exchange_run(ad_exchange *x)
{
    bool good = true;
    for (size_t done = 0; good && x->m->ranks > 1 && done < segment(x, 0).end; done += x->block)
        good = add_block(x, done) && (x->whole || share_block(x, done));
    return good;
}
