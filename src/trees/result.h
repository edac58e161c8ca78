/* Structs that receive results. Their missing arrays are made in a separate block, and moved into
 * the struct when nothing can fail any more. */
#ifndef ADZE_TREES_RESULT_H
#define ADZE_TREES_RESULT_H

#include "trees/walk.h"

/* Describes the array of a result: its type and shape, and the allocator for a new one. */
typedef ad_status ad_likeness(const void *user, const ad_site *s, ad_array *like, ad_error *error);

/* The likeness of another struct of arrays, which is `user`. */
ad_status ad_like_struct(const void *user, const ad_site *s, ad_array *like, ad_error *error);

typedef struct ad_result {
    const ad_tree *tree;
    void *target;            /* struct of arrays */
    const char *verb, *role; /* for messages */
    ad_likeness *like;
    const void *user; /* for like */
    ad_error *error;
    ad_array room; /* for the ad_array of missing arrays; holds nothing if none is missing */
    size_t missing, next;
} ad_result;

/* Checks the arrays that the target has, and makes the missing ones. A failure leaves nothing
 * behind. After success call either commit or abandon. */
ad_status ad_result_prepare(ad_result *r);
void ad_result_commit(ad_result *r);
void ad_result_abandon(ad_result *r);

/* A result that is copied from views, one for each array in order of declaration. */
typedef struct ad_delivery {
    const ad_tree *tree;
    const ad_view *from;
    void *target; /* struct of arrays; NULL: not wanted */
    ad_result result;
} ad_delivery;

/* Copies `count` deliveries, or none of them with an error on the tape in the name of verb. */
bool ad_deliver(ad_tape *t, const char *verb, int count, ad_delivery *all);

#endif
