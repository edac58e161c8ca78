/* Sums over all ranks, in a tree of a fixed form.
 *
 * The leaves of the tree belong to the ranks in order. A rank's pieces are the largest sums of
 * leaves that are all its own. The numbers of a piece are cut into as many segments as there are
 * ranks. Each rank sends its segments to those that they belong to, adds up, as the tree says,
 * those that it gets, and sends the sum to all. So any number of ranks adds up the same numbers
 * in the same order, and none of them by MPI.
 *
 * The sum replaces the first piece, but only after all have been added up, so that ranks can
 * agree on it before. Of the first piece long arrays may stay where they are: to copy them takes
 * as long as half of the messages. */
#ifndef ADZE_MPI_EXCHANGE_H
#define ADZE_MPI_EXCHANGE_H

#include "mpi/fields.h"

/* The sum of leaves lo to hi - 1. */
typedef struct ad_piece {
    int64_t lo, hi;
    int rank;
} ad_piece;

/* Where numbers of the first piece lie, up to where the next place begins. On all ranks places
 * begin at the same bytes. */
typedef struct ad_place {
    size_t begin; /* in packed bytes */
    char *at;
} ad_place;

/* Bytes from which on an array may have a place of its own. */
enum { AD_LONG_ARRAY = 1 << 16 };

typedef struct ad_exchange {
    ad_mpi *m;
    const char *name; /* of the call */
    ad_packing packing;
    int64_t leaves;
    bool mean;      /* the result is the sum over the number of ranks */
    int64_t *bound; /* [ranks + 1]: the first leaf of each rank */
    ad_piece *piece;
    size_t pieces, own, first_own; /* of which some are this rank's */
    char *mine;                    /* [own, at least 1][packing.bytes] */
    ad_place *place;               /* of the first piece; NULL: it lies in mine */
    size_t places;
    bool whole;    /* each rank adds up all segments, for they are short */
    size_t block;  /* bytes that are added up at a time */
    size_t base;   /* where the block at hand begins */
    char *part;    /* [pieces][block] */
    char *added;   /* the sums of this rank's segment */
    bool infinite; /* whether any of them is, or NaN */
    ad_flight flight;
} ad_exchange;

/* The leaf at which a rank begins: leaves rank / ranks, rounded up. */
int64_t ad_first_leaf(int64_t leaves, int rank, int ranks);

/* With leaves, packing and the number of places: who has which pieces, and room for them. False
 * with an error. */
bool ad_exchange_begin(ad_exchange *x, ad_mpi *m, const char *name, ad_error *error);

/* Adds up the pieces. False if a message is lost. */
bool ad_exchange_add(ad_exchange *x);

/* Then mine has the sum on all ranks, but for those of its numbers that have another place. False
 * if a message is lost. */
bool ad_exchange_share(ad_exchange *x);

#endif
