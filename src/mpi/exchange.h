/* Sums over all ranks, in a tree of a fixed form.
 *
 * The leaves of the tree belong to the ranks in order. A rank's pieces are the largest sums of
 * leaves that are all its own. The numbers of a piece are cut into as many segments as there are
 * ranks. Each rank sends its segments to those that they belong to, adds up, as the tree says,
 * those that it gets, and sends the sum to all. So any number of ranks adds up the same numbers
 * in the same order, and none of them by MPI. */
#ifndef ADZE_MPI_EXCHANGE_H
#define ADZE_MPI_EXCHANGE_H

#include "mpi/fields.h"

/* The sum of leaves lo to hi - 1. */
typedef struct ad_piece {
    int64_t lo, hi;
    int rank;
} ad_piece;

typedef struct ad_exchange {
    ad_mpi *m;
    const char *name; /* of the call */
    ad_packing packing;
    int64_t leaves;
    bool mean;      /* the result is the sum over the number of ranks */
    int64_t *bound; /* [ranks + 1]: the first leaf of each rank */
    ad_piece *piece;
    size_t pieces, own, first_own; /* of which some are this rank's */
    char *mine;                    /* [own][packing.bytes] */
    char *result;                  /* [packing.bytes] */
    bool whole;                    /* each rank adds up all segments: few bytes, or two ranks */
    size_t block;                  /* bytes that are added up at a time */
    char *part;                    /* [pieces][block] */
    ad_flight flight;
} ad_exchange;

/* The leaf at which a rank begins: leaves rank / ranks, rounded up. */
int64_t ad_first_leaf(int64_t leaves, int rank, int ranks);

/* With leaves and packing: who has which pieces, and room for them. False with an error. */
bool ad_exchange_begin(ad_exchange *x, ad_mpi *m, const char *name, ad_error *error);

/* Adds up the pieces into the result. False if a message is lost. */
bool ad_exchange_run(ad_exchange *x);

#endif
