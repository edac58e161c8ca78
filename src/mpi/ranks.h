/* The library of ranks stands on the public headers of adze alone. Its files from the ground up:
 *
 *     ranks.c       an ad_mpi, its memory, and messages
 *     fields.c      the numbers of a model as one piece of memory
 *     agreement.c   what all ranks tell each other before a call
 *     exchange.c    sums in a tree, over all ranks
 *     gradients.c, data.c   the public functions
 *
 * A call goes in three steps. All that can fail on one rank alone is done first: memory, checks,
 * the function's evaluation. Then all ranks agree that it was done. What follows can fail only
 * if a message does. */
#ifndef ADZE_MPI_RANKS_H
#define ADZE_MPI_RANKS_H

#include "adze/mpi.h"

#include <mpi.h>

typedef struct ad_ranks_block ad_ranks_block;

/* What a rank tells all others before a call. */
typedef struct ad_word {
    int32_t call, status;
    uint64_t digest;   /* of the model's fields */
    int64_t fields;    /* how many there are */
    int64_t number[3]; /* which must be the same everywhere */
    char text[sizeof((ad_error *)0)->text];
} ad_word;

/* Requests under way, and the ranks they wait for. */
typedef struct ad_flight {
    ad_mpi *m;
    MPI_Request *request; /* [count], and room for more */
    MPI_Status *state;
    int *peer;
    int count;
} ad_flight;

struct ad_mpi {
    MPI_Comm comm;
    int rank, ranks;
    bool crowded; /* this machine has more ranks than cores */
    ad_mpi_options options;
    ad_ranks_block *room; /* of the call at hand */
    ad_ranks_block *kept; /* of what follows below */
    ad_error lost;        /* why no message arrives any more: MPI may still write into the room */
    ad_mpi_info info;
    ad_word *heard; /* [ranks]. Agreeing needs no memory of its own: */
    ad_flight words;
};

/* ---- memory ---------------------------------------------------------------------------- */

/* Forgets what the call before has taken; a call like it then allocates nothing. */
void ad_ranks_begin(ad_mpi *m);

/* Memory until the next call begins, aligned to 64 bytes, not initialised. NULL with an error. */
void *ad_ranks_take(ad_mpi *m, size_t count, size_t size, ad_error *error);

/* ---- messages -------------------------------------------------------------------------- */

/* Room for so many requests. False with an error. */
bool ad_flight_begin(ad_flight *f, ad_mpi *m, size_t most, ad_error *error);

/* Begins to send or receive up to INT_MAX bytes; none at all begins nothing. `data` stays until
 * they have arrived. A message from a rank arrives after those it sent before. */
void ad_flight_send(ad_flight *f, int to, const void *data, size_t bytes);
void ad_flight_receive(ad_flight *f, int from, void *data, size_t bytes);

/* From one rank to all others. */
void ad_flight_broadcast(ad_flight *f, int root, void *data, size_t bytes);

/* Whether a flag, 0 or 1, is 1 on any rank. */
void ad_flight_any(ad_flight *f, int *flag);

/* Until all have arrived. `doing` is for the message of a failure, which is m->lost from then
 * on. */
bool ad_flight_wait(ad_flight *f, const char *doing);

/* How many bytes a message has, at most. */
size_t ad_message_bytes(const ad_mpi *m);

#endif
