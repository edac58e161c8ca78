/* An ad_mpi, its memory, and messages that do not wait for ever. */
#define _POSIX_C_SOURCE 200809L
#include "mpi/ranks.h"

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPIN 1e-3 /* seconds */

/* Structs that grow: their sizes in the first version, and one that no struct has. */
enum {
    LEAST_OPTIONS = offsetof(ad_mpi_options, message) + sizeof(size_t),
    LEAST_INFO = offsetof(ad_mpi_info, calls) + sizeof(uint64_t),
    MOST_SIZE = 1 << 14
};

enum { ALIGNMENT = 64, TAG = 1, MESSAGE = 1 << 20, POLLS = 64, ALL = -1 };

/* ---- memory ---------------------------------------------------------------------------- */

/* The numbers of a block begin ALIGNMENT bytes behind its start. */
struct ad_ranks_block {
    ad_ranks_block *next;
    size_t bytes, used;
};

static void *allocate(const ad_allocator *a, size_t bytes)
{
    return a ? a->allocate(a->user, bytes, ALIGNMENT) : aligned_alloc(ALIGNMENT, bytes);
}

static void release(const ad_allocator *a, void *memory, size_t bytes)
{
    if (a)
        a->release(a->user, memory, bytes);
    else
        free(memory);
}

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static bool add_block(ad_mpi *m, size_t bytes)
{
    ad_ranks_block *b = allocate(m->options.allocator, bytes + ALIGNMENT);
    if (!b)
        return false;
    *b = (ad_ranks_block){m->room, bytes, 0};
    m->room = b;
    return true;
}

static size_t drop_blocks(const ad_mpi *m, ad_ranks_block **all)
{
    size_t bytes = 0;
    for (ad_ranks_block *b = *all, *next; b; b = next) {
        next = b->next;
        bytes += b->bytes;
        release(m->options.allocator, b, b->bytes + ALIGNMENT);
    }
    *all = NULL;
    return bytes;
}

void ad_ranks_begin(ad_mpi *m)
{
    if (m->lost.status != AD_OK)
        return;
    if (m->room && m->room->next)
        add_block(m, drop_blocks(m, &m->room)); /* one that holds them all, or none */
    if (m->room)
        m->room->used = 0;
}

void *ad_ranks_take(ad_mpi *m, size_t count, size_t size, ad_error *error)
{
    if (count > (PTRDIFF_MAX / 2) / (size ? size : 1)) {
        ad_fail(error, AD_TOO_LARGE, "mpi: %zu times %zu bytes do not fit the address space", count,
                size);
        return NULL;
    }
    size_t bytes = rounded(count * size + 1);
    if (!m->room || m->room->bytes - m->room->used < bytes) {
        size_t twice = m->room ? 2 * m->room->bytes : (size_t)4096;
        if (!add_block(m, bytes > twice ? bytes : twice) && !add_block(m, bytes)) {
            ad_fail(error, AD_MEMORY, "mpi: no memory for %zu bytes", bytes);
            return NULL;
        }
    }
    char *numbers = (char *)m->room + ALIGNMENT + m->room->used;
    m->room->used += bytes;
    return numbers;
}

/* ---- messages -------------------------------------------------------------------------- */

size_t ad_message_bytes(const ad_mpi *m)
{
    return m->options.message ? m->options.message : MESSAGE;
}

bool ad_flight_begin(ad_flight *f, ad_mpi *m, size_t most, ad_error *error)
{
    *f = (ad_flight){.m = m};
    if (most > INT_MAX)
        return ad_fail(error, AD_TOO_LARGE, "mpi: %zu messages at a time", most) == AD_OK;
    f->request = ad_ranks_take(m, most, sizeof *f->request, error);
    f->state = ad_ranks_take(m, most, sizeof *f->state, error);
    f->peer = ad_ranks_take(m, most, sizeof *f->peer, error);
    return f->request && f->state && f->peer;
}

/* MPI's errors are told as its own words. */
static void lose(ad_mpi *m, int code, const char *doing)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length, kind = code;
    MPI_Error_class(code, &kind);
    MPI_Error_string(code, text, &length);
    ad_fail(&m->lost, kind == MPI_ERR_NO_MEM ? AD_MEMORY : AD_NETWORK,
            "rank %d: %s: MPI says: %.300s", m->rank, doing, text);
}

static void give_up(const ad_flight *f, const char *doing)
{
    ad_mpi *m = f->m;
    int done = 1, i = -1;
    while (done && ++i < f->count - 1)
        MPI_Request_get_status(f->request[i], &done, MPI_STATUS_IGNORE);
    if (f->peer[i] == ALL)
        ad_fail(&m->lost, AD_NETWORK, "rank %d: %s: no word from some rank within %g s", m->rank,
                doing, m->options.patience);
    else
        ad_fail(&m->lost, AD_NETWORK, "rank %d: %s: no word from rank %d within %g s", m->rank,
                doing, f->peer[i], m->options.patience);
}

static void note(ad_flight *f, int code, int peer)
{
    if (code != MPI_SUCCESS)
        lose(f->m, code, "a message");
    else
        f->peer[f->count++] = peer;
}

void ad_flight_send(ad_flight *f, int to, const void *data, size_t bytes)
{
    if (f->m->lost.status != AD_OK || !bytes)
        return;
    f->m->info.bytes += bytes;
    note(f, MPI_Isend(data, (int)bytes, MPI_BYTE, to, TAG, f->m->comm, &f->request[f->count]), to);
}

void ad_flight_receive(ad_flight *f, int from, void *data, size_t bytes)
{
    if (f->m->lost.status != AD_OK || !bytes)
        return;
    note(f, MPI_Irecv(data, (int)bytes, MPI_BYTE, from, TAG, f->m->comm, &f->request[f->count]),
         from);
}

void ad_flight_broadcast(ad_flight *f, int root, void *data, size_t bytes)
{
    ad_mpi *m = f->m;
    if (m->lost.status != AD_OK || !bytes)
        return;
    m->info.bytes += m->rank == root && m->ranks > 1 ? bytes : 0;
    note(f, MPI_Ibcast(data, (int)bytes, MPI_BYTE, root, m->comm, &f->request[f->count]), root);
}

/* In as many steps as the logarithm of the ranks. Of whole numbers MPI's answer is the same on all
 * ranks. */
void ad_flight_any(ad_flight *f, int *flag)
{
    ad_mpi *m = f->m;
    if (m->lost.status == AD_OK && m->ranks > 1)
        note(
            f,
            MPI_Iallreduce(MPI_IN_PLACE, flag, 1, MPI_INT, MPI_BOR, m->comm, &f->request[f->count]),
            ALL);
}

/* In a crowd another rank may wait for this core; otherwise it is given up only after a while,
 * since a core that is given up may be away for milliseconds. */
bool ad_flight_wait(ad_flight *f, const char *doing)
{
    ad_mpi *m = f->m;
    double start = MPI_Wtime();
    int done = f->count == 0;
    for (int polls = 1; !done && m->lost.status == AD_OK; polls++) {
        int code = MPI_Testall(f->count, f->request, &done, f->state);
        for (int i = 0; code == MPI_ERR_IN_STATUS && i < f->count; i++)
            if (f->state[i].MPI_ERROR != MPI_SUCCESS && f->state[i].MPI_ERROR != MPI_ERR_PENDING)
                code = f->state[i].MPI_ERROR;
        if (code != MPI_SUCCESS)
            lose(m, code, doing);
        if (done || polls % POLLS)
            continue;
        if (m->options.patience > 0 && MPI_Wtime() - start > m->options.patience)
            give_up(f, doing);
        if (m->crowded || MPI_Wtime() - start > SPIN)
            sched_yield();
    }
    if (done)
        f->count = 0;
    return m->lost.status == AD_OK;
}

/* ---- the object ------------------------------------------------------------------------ */

static ad_status check(const ad_mpi_options *given, ad_mpi_options *o, ad_error *error)
{
    int begun = 0, ended = 0;
    if (given && (given->size < LEAST_OPTIONS || given->size > MOST_SIZE))
        return ad_fail(error, AD_MISUSE, "mpi: the options need .size = sizeof(ad_mpi_options)");
    if (given)
        memcpy(o, given, given->size < sizeof *o ? given->size : sizeof *o);
    if (!(o->patience >= 0))
        return ad_fail(error, AD_MISUSE, "mpi: a patience of %g seconds", o->patience);
    if (o->message > INT_MAX)
        return ad_fail(error, AD_MISUSE, "mpi: messages of %zu bytes: the most are %d", o->message,
                       INT_MAX);
    MPI_Initialized(&begun);
    if (begun)
        MPI_Finalized(&ended);
    if (!begun || ended)
        return ad_fail(error, AD_MISUSE,
                       begun ? "mpi: MPI_Finalize has been called" : "mpi: call MPI_Init first");
    return AD_OK;
}

/* How many ranks share this machine, and its cores. */
static int look_around(ad_mpi *m)
{
    int here = 1;
    MPI_Comm machine;
    int code = MPI_Comm_split_type(m->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
    if (code != MPI_SUCCESS)
        return code;
    MPI_Comm_size(machine, &here);
    m->crowded = here > sysconf(_SC_NPROCESSORS_ONLN);
    return MPI_Comm_free(&machine);
}

/* Messages of one length are cut alike on all ranks: the least is taken. */
static int agree_on_messages(ad_mpi *m)
{
    int bytes = (int)ad_message_bytes(m);
    int code = MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_INT, MPI_MIN, m->comm);
    m->options.message = (size_t)bytes;
    return code;
}

/* Between two groups of ranks nobody has a rank among all. */
static int copy_ranks(ad_mpi *m, MPI_Comm comm)
{
    int between = 0, code = comm == MPI_COMM_NULL ? MPI_ERR_COMM : MPI_SUCCESS;
    if (code == MPI_SUCCESS)
        code = MPI_Comm_test_inter(comm, &between);
    if (code == MPI_SUCCESS)
        code = between ? MPI_ERR_COMM : MPI_Comm_dup(comm, &m->comm);
    return code;
}

/* Its own failures are statuses, too; those of the caller's communicator stay the caller's. */
static ad_status join(ad_mpi *m, MPI_Comm comm, ad_error *error)
{
    int code = copy_ranks(m, comm);
    if (code == MPI_SUCCESS)
        code = MPI_Comm_set_errhandler(m->comm, MPI_ERRORS_RETURN);
    if (code == MPI_SUCCESS)
        code = MPI_Comm_rank(m->comm, &m->rank);
    if (code == MPI_SUCCESS)
        code = MPI_Comm_size(m->comm, &m->ranks);
    if (code == MPI_SUCCESS)
        code = look_around(m);
    if (code == MPI_SUCCESS)
        code = agree_on_messages(m);
    if (code == MPI_SUCCESS)
        return AD_OK;
    if (m->comm == MPI_COMM_NULL && code == MPI_ERR_COMM)
        return ad_fail(error, AD_MISUSE, "mpi: the communicator is %s",
                       comm == MPI_COMM_NULL ? "MPI_COMM_NULL" : "one between two groups");
    lose(m, code, "mpi");
    return ad_fail(error, m->lost.status, "%s", m->lost.text);
}

/* In a block of their own, below those of the calls. */
static bool take_words(ad_mpi *m, ad_error *error)
{
    size_t ranks = (size_t)m->ranks;
    m->heard = ad_ranks_take(m, ranks, sizeof *m->heard, error);
    if (!m->heard || !ad_flight_begin(&m->words, m, 2 * ranks, error))
        return false;
    m->kept = m->room;
    m->room = NULL;
    return true;
}

ad_mpi *ad_mpi_new(const void *comm, const ad_mpi_options *options, ad_error *error)
{
    ad_mpi_options o = {.size = sizeof o};
    if (check(options, &o, error) != AD_OK)
        return NULL;
    ad_mpi *m = allocate(o.allocator, rounded(sizeof *m));
    if (!m) {
        ad_fail(error, AD_MEMORY, "mpi: no memory for it");
        return NULL;
    }
    *m = (ad_mpi){.comm = MPI_COMM_NULL, .options = o};
    if (join(m, comm ? *(const MPI_Comm *)comm : MPI_COMM_WORLD, error) != AD_OK ||
        !take_words(m, error)) {
        ad_mpi_free(m);
        return NULL;
    }
    return m;
}

/* What a lost message may still be written to stays. */
void ad_mpi_free(ad_mpi *m)
{
    int ended = 1;
    if (!m)
        return;
    MPI_Finalized(&ended);
    if (m->lost.status == AD_OK) {
        drop_blocks(m, &m->room);
        drop_blocks(m, &m->kept);
        if (!ended && m->comm != MPI_COMM_NULL)
            MPI_Comm_free(&m->comm);
    }
    release(m->options.allocator, m, rounded(sizeof *m));
}

int ad_mpi_rank(const ad_mpi *m)
{
    return m ? m->rank : 0;
}

int ad_mpi_ranks(const ad_mpi *m)
{
    return m ? m->ranks : 1;
}

void ad_mpi_measure(const ad_mpi *m, ad_mpi_info *info)
{
    size_t size = info ? info->size : 0;
    if (size < LEAST_INFO || size > MOST_SIZE)
        return;
    ad_mpi_info all = m ? m->info : (ad_mpi_info){0};
    memset(info, 0, size);
    memcpy(info, &all, size < sizeof all ? size : sizeof all);
    info->size = size;
}
