/* Structs that receive results: those of their arrays that hold nothing are made aside, and put in
 * their places once nothing can fail any more. */
#ifndef ADZE_TREES_RESULT_H
#define ADZE_TREES_RESULT_H

#include "trees/walk.h"

/* Tells what the array of a result has to be like, and with which allocator it is made. */
typedef ad_status ad_likeness(const void *user, const ad_site *s, ad_array *like, ad_error *error);

/* The likeness to another struct of arrays, which is user. */
ad_status ad_like_struct(const void *user, const ad_site *s, ad_array *like, ad_error *error);

typedef struct ad_result {
    const ad_tree *tree;
    void *target;            /* struct of arrays */
    const char *verb, *role; /* for messages */
    ad_likeness *like;
    const void *user; /* for like */
    ad_error *error;
    ad_array aside; /* bytes of the arrays made aside; holds nothing where there are none */
    size_t missing, next;
} ad_result;

/* Checks the arrays that the target has and makes the others. A failure leaves nothing behind;
 * success is followed by one of the other two. */
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

/* Copies all of so many deliveries, or none of them, with an error on the tape in the name of
 * verb. */
bool ad_deliver(ad_tape *t, const char *verb, int count, ad_delivery *all);

#endif
