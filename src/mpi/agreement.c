/* What all ranks tell each other before a call. Each rank sends its word to each other rank and
 * judges all of them by itself. As all judge the same words, all come to the same answer,
 * without a maximum or a vote. */
#include "mpi/agreement.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *numbers; /* what number[] is */
} calls[] = {
    [AD_CALL_AGREE] = {"agree", ""},
    [AD_CALL_VALUE_WITH_GRADIENT] = {"value_with_gradient", "rows, slices and groups"},
    [AD_CALL_AVERAGE] = {"average", ""},
    [AD_CALL_BROADCAST] = {"broadcast", "the root"},
    [AD_CALL_COMPARE] = {"compare", ""},
    [AD_CALL_SUM] = {"sum", "the numbers to be added"},
    [AD_CALL_SCATTER] = {"scatter", "the root"},
};
enum { CALLS = sizeof calls / sizeof *calls };

static const char *name_of(int32_t call)
{
    return call >= 0 && call < CALLS ? calls[call].name : "another version's function";
}

/* ---- the beginning --------------------------------------------------------------------- */

void ad_session_begin(ad_session *s, ad_mpi *m, ad_call call, const ad_error *given)
{
    *s = (ad_session){.m = m, .name = calls[call].name, .own = {.call = (int32_t)call}};
    ad_ranks_begin(m);
    m->info.calls++;
    if (m->lost.status != AD_OK)
        s->error = m->lost;
    else if (given && given->status != AD_OK)
        s->error = *given;
}

void ad_session_compare(ad_session *s, const ad_tree *tree, const void *model, bool bits)
{
    if (s->error.status != AD_OK)
        return;
    s->kinds = ad_ranks_take(s->m, 2 * tree->arrays, sizeof *s->kinds, &s->error);
    if (!s->kinds)
        return;
    s->first = s->kinds + tree->arrays;
    s->tree = tree;
    s->model = model;
    ad_field_kinds(tree, model, bits, s->kinds);
    s->own.digest = ad_kinds_digest(s->kinds, tree->arrays);
    s->own.fields = (int64_t)tree->arrays;
}

/* ---- words ----------------------------------------------------------------------------- */

static bool tell_all(ad_session *s)
{
    ad_mpi *m = s->m;
    double start = MPI_Wtime();
    size_t bytes = offsetof(ad_word, text) + strlen(s->error.text) + 1;
    s->own.status = (int32_t)s->error.status;
    snprintf(s->own.text, sizeof s->own.text, "%s", s->error.text);
    m->heard[m->rank] = s->own;
    for (int i = 1; i < m->ranks; i++) {
        int from = (m->rank + m->ranks - i) % m->ranks;
        ad_flight_receive(&m->words, from, &m->heard[from], sizeof *m->heard);
    }
    for (int i = 1; i < m->ranks; i++)
        ad_flight_send(&m->words, (m->rank + i) % m->ranks, &s->own, bytes);
    bool good = ad_flight_wait(&m->words, s->name);
    if (!good)
        s->error = m->lost;
    m->info.waiting += MPI_Wtime() - start;
    return good;
}

/* A failure of the call before is told with its rank already. */
static void adopt(ad_session *s, int rank)
{
    const ad_word *w = &s->m->heard[rank];
    char text[sizeof w->text];
    memcpy(text, w->text, sizeof text);
    s->error.status = AD_OK;
    if (strncmp(text, "rank ", 5) == 0)
        ad_fail(&s->error, (ad_status)w->status, "%s", text);
    else
        ad_fail(&s->error, (ad_status)w->status, "rank %d: %s", rank, text);
}

/* The first rank that is not well, or whose word differs; or as many as there are. */
static int first_unwell(const ad_mpi *m)
{
    int i = 0;
    while (i < m->ranks && m->heard[i].status == AD_OK)
        i++;
    return i;
}

static int first_that_calls_another(const ad_mpi *m)
{
    const ad_word *zero = &m->heard[0];
    int i = 1;
    while (i < m->ranks && m->heard[i].call == zero->call && m->heard[i].fields == zero->fields &&
           memcmp(m->heard[i].number, zero->number, sizeof zero->number) == 0)
        i++;
    return i;
}

static int first_with_another_model(const ad_mpi *m)
{
    int i = 1;
    while (i < m->ranks && m->heard[i].digest == m->heard[0].digest)
        i++;
    return i;
}

static void tell_difference(ad_session *s, int rank)
{
    const ad_word *w = &s->m->heard[rank], *zero = &s->m->heard[0];
    const int64_t *n = w->number, *of_zero = zero->number;
    if (w->call != zero->call)
        ad_fail(&s->error, AD_MISUSE, "rank %d calls %s, but rank 0 %s", rank, name_of(w->call),
                name_of(zero->call));
    else if (w->fields != zero->fields)
        ad_fail(&s->error, AD_BAD_SHAPE,
                "rank %d: %s: the model has %" PRId64 " arrays here, but %" PRId64 " on rank 0",
                rank, s->name, w->fields, zero->fields);
    else
        ad_fail(&s->error, AD_MISUSE,
                "rank %d: %s: %s differ: %" PRId64 ", %" PRId64 ", %" PRId64 " here, but %" PRId64
                ", %" PRId64 ", %" PRId64 " on rank 0",
                rank, s->name, calls[w->call].numbers, n[0], n[1], n[2], of_zero[0], of_zero[1],
                of_zero[2]);
}

/* Rank 0 sends its fields to the rank whose own differ, and that one tells all. */
static void find_field(ad_session *s, int rank)
{
    ad_mpi *m = s->m;
    size_t bytes = s->tree->arrays * sizeof *s->kinds;
    if (m->rank == 0)
        ad_flight_send(&m->words, rank, s->kinds, bytes);
    if (m->rank == rank)
        ad_flight_receive(&m->words, 0, s->first, bytes);
    if (!ad_flight_wait(&m->words, s->name))
        s->error = m->lost;
    else if (m->rank == rank)
        ad_kinds_differ(s->tree, s->model, s->name, s->kinds, s->first, &s->error);
    if (tell_all(s))
        adopt(s, rank);
}

bool ad_session_agree(ad_session *s)
{
    ad_mpi *m = s->m;
    if (m->lost.status != AD_OK || !tell_all(s))
        return false;
    int unwell = first_unwell(m), other = first_that_calls_another(m),
        model = first_with_another_model(m);
    if (unwell < m->ranks)
        adopt(s, unwell);
    else if (other < m->ranks)
        tell_difference(s, other);
    else if (model < m->ranks)
        find_field(s, model);
    return s->error.status == AD_OK;
}

bool ad_session_finite(ad_session *s, bool infinite, bool known, ad_look *look, void *user)
{
    ad_mpi *m = s->m;
    int any = infinite;
    if (!known) {
        double start = MPI_Wtime();
        ad_flight_any(&m->words, &any);
        if (!ad_flight_wait(&m->words, s->name))
            s->error = m->lost;
        m->info.waiting += MPI_Wtime() - start;
    }
    if (s->error.status != AD_OK || !any)
        return s->error.status == AD_OK;
    look(user, &s->error);
    if (ad_session_agree(s))
        ad_fail(&s->error, AD_NOT_FINITE, "rank 0: %s: the sum over all ranks overflows", s->name);
    return false;
}

ad_status ad_session_end(ad_session *s, ad_error *error)
{
    if (error && s->error.status != AD_OK)
        *error = s->error;
    return s->error.status;
}

ad_status ad_mpi_agree(ad_mpi *m, ad_error *error)
{
    ad_session s;
    if (!m)
        return ad_fail(error, AD_MISUSE, "agree: m is NULL");
    ad_session_begin(&s, m, AD_CALL_AGREE, error);
    ad_session_agree(&s);
    return ad_session_end(&s, error);
}
