/* Numbers and data from rank to rank. */
#include "mpi/agreement.h"
#include "mpi/exchange.h"

#include <string.h>

/* Every rank's message goes on from where the last one ended; the first that is lost ends them
 * all. */
static bool send_from_root(ad_session *s, int root, char *data, size_t bytes)
{
    ad_flight *f = &s->m->words;
    double start = MPI_Wtime();
    size_t most = ad_message_bytes(s->m);
    bool good = true;
    for (size_t at = 0; good && at < bytes; at += most) {
        ad_flight_broadcast(f, root, data + at, bytes - at < most ? bytes - at : most);
        good = ad_flight_wait(f, s->name);
    }
    if (!good)
        s->error = s->m->lost;
    s->m->info.sending += MPI_Wtime() - start;
    return good;
}

static bool is_rank(ad_session *s, int root)
{
    s->own.number[0] = root;
    if (root >= 0 && root < s->m->ranks)
        return true;
    ad_fail(&s->error, AD_MISUSE, "%s: there is no rank %d among %d", s->name, root, s->m->ranks);
    return false;
}

/* ---- models ---------------------------------------------------------------------------- */

/* All bytes of a model's arrays one after another, in room of the session. NULL with an error. */
static char *pack(ad_session *s, const ad_tree *tree, const ad_array *a, size_t *bytes)
{
    *bytes = 0;
    for (size_t i = 0; i < tree->arrays; i++) {
        size_t own = ad_array_count(&a[i]) * ad_type_size(a[i].type);
        if (!a[i].data || own > PTRDIFF_MAX - *bytes) {
            ad_fail(&s->error, AD_MISUSE, "%s: array %zu of the model is missing", s->name, i);
            return NULL;
        }
        *bytes += own;
    }
    char *packed = ad_ranks_take(s->m, 1, *bytes, &s->error);
    for (size_t i = 0, at = 0; packed && i < tree->arrays; i++) {
        size_t own = ad_array_count(&a[i]) * ad_type_size(a[i].type);
        memcpy(packed + at, a[i].data, own);
        at += own;
    }
    return packed;
}

static void unpack(const ad_tree *tree, const char *packed, const ad_array *a)
{
    for (size_t i = 0; i < tree->arrays; i++) {
        size_t own = ad_array_count(&a[i]) * ad_type_size(a[i].type);
        memcpy(a[i].data, packed, own);
        packed += own;
    }
}

ad_status ad_mpi_broadcast(ad_mpi *m, int root, const ad_tree *tree, void *model, ad_error *error)
{
    ad_session s;
    char *packed = NULL;
    size_t bytes = 0;
    if (!m)
        return ad_fail(error, AD_MISUSE, "broadcast: m is NULL");
    ad_session_begin(&s, m, AD_CALL_BROADCAST, error);
    if (s.error.status == AD_OK && is_rank(&s, root) &&
        ad_fields_given(tree, model, s.name, &s.error) == AD_OK)
        packed = pack(&s, tree, model, &bytes);
    if (packed)
        ad_session_compare(&s, tree, model, false);
    if (ad_session_agree(&s) && send_from_root(&s, root, packed, bytes))
        unpack(tree, packed, model);
    return ad_session_end(&s, error);
}

ad_status ad_mpi_compare(ad_mpi *m, const ad_tree *tree, const void *model, ad_error *error)
{
    ad_session s;
    const ad_array *a = model;
    if (!m)
        return ad_fail(error, AD_MISUSE, "compare: m is NULL");
    ad_session_begin(&s, m, AD_CALL_COMPARE, error);
    if (s.error.status == AD_OK && ad_fields_given(tree, model, s.name, &s.error) == AD_OK)
        for (size_t i = 0; i < tree->arrays; i++)
            if (!a[i].data)
                ad_fail(&s.error, AD_MISUSE, "%s: array %zu of the model is missing", s.name, i);
    if (s.error.status == AD_OK)
        ad_session_compare(&s, tree, model, true);
    ad_session_agree(&s);
    return ad_session_end(&s, error);
}

/* ---- sums ------------------------------------------------------------------------------ */

static bool prepare_sum(ad_exchange *x, ad_session *s, size_t n, const double *values)
{
    if (s->error.status != AD_OK)
        return false;
    if (n && !values)
        return ad_fail(&s->error, AD_MISUSE, "%s: x is NULL", s->name) == AD_OK;
    if (n > PTRDIFF_MAX / sizeof *values)
        return ad_fail(&s->error, AD_TOO_LARGE, "%s: %zu numbers", s->name, n) == AD_OK;
    size_t units = (n * sizeof *values + AD_PACK_UNIT - 1) / AD_PACK_UNIT;
    s->own.number[0] = (int64_t)n;
    x->packing = (ad_packing){units * AD_PACK_UNIT, units * AD_PACK_UNIT};
    x->leaves = s->m->ranks;
    if (!ad_exchange_begin(x, s->m, s->name, &s->error))
        return false;
    memset(x->mine, 0, x->packing.bytes);
    if (n)
        memcpy(x->mine, values, n * sizeof *values);
    return true;
}

ad_status ad_mpi_sum(ad_mpi *m, size_t n, double *values, ad_error *error)
{
    ad_session s;
    ad_exchange x = {0};
    if (!m)
        return ad_fail(error, AD_MISUSE, "sum: m is NULL");
    ad_session_begin(&s, m, AD_CALL_SUM, error);
    prepare_sum(&x, &s, n, values);
    if (ad_session_agree(&s)) {
        if (!ad_exchange_add(&x) || !ad_exchange_share(&x))
            s.error = m->lost;
        else if (n)
            memcpy(values, x.mine, n * sizeof *values);
    }
    return ad_session_end(&s, error);
}

/* ---- rows ------------------------------------------------------------------------------ */

/* The rows of a rank: from, and how many. */
static int64_t share(const ad_rows_cut *cut, int rank, int ranks, int64_t *from)
{
    *from = ad_rows_before(cut, ad_first_leaf(cut->groups, rank, ranks));
    return ad_rows_before(cut, ad_first_leaf(cut->groups, rank + 1, ranks)) - *from;
}

void ad_mpi_share(const ad_mpi *m, const ad_rows_cut *cut, int64_t *first, int64_t *rows)
{
    int64_t from = 0, count = 0;
    if (cut && cut->groups > 0)
        count = share(cut, ad_mpi_rank(m), ad_mpi_ranks(m), &from);
    if (first)
        *first = count ? from : 0;
    if (rows)
        *rows = count;
}

/* What the root tells all others of the data. */
typedef struct notice {
    ad_rows_cut cut;
    ad_type type;
    ad_shape shape;
} notice;

typedef struct scattering {
    ad_session s;
    int root;
    notice n;
    ad_array copy; /* of data that do not lie row by row */
    const char *from;
    size_t row; /* bytes */
    ad_array mine;
    int64_t first;
    ad_flight flight;
} scattering;

static void read_data(scattering *p, ad_view data, const ad_rows_options *options)
{
    ad_error *error = &p->s.error;
    if (error->status != AD_OK || !is_rank(&p->s, p->root) || p->s.m->rank != p->root ||
        ad_cut_rows(1, &data, options, &p->n.cut, error) != AD_OK)
        return;
    if (options && options->size >= sizeof *options && options->part) {
        ad_fail(error, AD_MISUSE, "%s: the root has all rows: .part is NULL", p->s.name);
        return;
    }
    p->n.type = data.type;
    p->n.shape = data.shape;
    p->from = data.data;
    if (ad_view_is_contiguous(&data))
        return;
    p->copy = ad_array_copy(p->s.m->options.allocator, data.type, data);
    p->from = p->copy.data;
    if (!p->from)
        ad_fail(error, AD_MEMORY, "%s: no memory for a copy of the data", p->s.name);
}

static void make_room(scattering *p)
{
    ad_mpi *m = p->s.m;
    ad_shape mine = p->n.shape;
    mine.dim[0] = share(&p->n.cut, m->rank, m->ranks, &p->first);
    p->mine = ad_array_new(m->options.allocator, p->n.type, mine);
    p->row = ad_type_size(p->n.type);
    for (int k = 1; k < mine.rank; k++)
        p->row *= (size_t)mine.dim[k];
    if (!p->mine.data)
        ad_fail(&p->s.error, AD_MEMORY, "%s: no memory for %lld rows", p->s.name,
                (long long)mine.dim[0]);
    ad_flight_begin(&p->flight, m, m->rank == p->root ? (size_t)m->ranks : 1, &p->s.error);
}

/* The next bytes of the rows of a rank. */
static size_t piece_of(const scattering *p, int rank, size_t done, int64_t *first)
{
    size_t bytes = (size_t)share(&p->n.cut, rank, p->s.m->ranks, first) * p->row;
    size_t most = ad_message_bytes(p->s.m);
    return done >= bytes ? 0 : bytes - done < most ? bytes - done : most;
}

static bool send_rows(scattering *p)
{
    ad_mpi *m = p->s.m;
    double start = MPI_Wtime();
    int64_t first;
    bool left = true, good = true;
    for (size_t done = 0; good && left; done += ad_message_bytes(m)) {
        left = false;
        for (int i = 0; i < m->ranks; i++) {
            size_t bytes = piece_of(p, i, done, &first);
            left = left || bytes;
            if (m->rank == p->root && i == m->rank && bytes)
                memcpy((char *)p->mine.data + done, p->from + (size_t)first * p->row + done, bytes);
            else if (m->rank == p->root)
                ad_flight_send(&p->flight, i, p->from + (size_t)first * p->row + done, bytes);
            else if (i == m->rank)
                ad_flight_receive(&p->flight, p->root, (char *)p->mine.data + done, bytes);
        }
        good = ad_flight_wait(&p->flight, p->s.name);
    }
    if (!good)
        p->s.error = m->lost;
    m->info.sending += MPI_Wtime() - start;
    return good;
}

ad_status ad_mpi_scatter(ad_mpi *m, int root, ad_view data, const ad_rows_options *options,
                         ad_array *rows, int64_t *first, ad_error *error)
{
    scattering p = {.root = root};
    if (!m)
        return ad_fail(error, AD_MISUSE, "scatter: m is NULL");
    ad_session_begin(&p.s, m, AD_CALL_SCATTER, error);
    read_data(&p, data, options);
    if (p.s.error.status == AD_OK && (!rows || rows->data))
        ad_fail(&p.s.error, AD_MISUSE, "scatter: rows is %s", rows ? "not empty" : "NULL");
    if (ad_session_agree(&p.s) && send_from_root(&p.s, root, (char *)&p.n, sizeof p.n)) {
        make_room(&p);
        if (ad_session_agree(&p.s) && send_rows(&p)) {
            *rows = p.mine;
            p.mine = (ad_array){0};
            if (first)
                *first = p.first;
        }
    }
    ad_array_free(&p.mine);
    ad_array_free(&p.copy);
    return ad_session_end(&p.s, error);
}
