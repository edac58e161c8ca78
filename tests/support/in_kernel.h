/* Running something as the kernel of an operation. */
#ifndef ADZE_TESTS_IN_KERNEL_H
#define ADZE_TESTS_IN_KERNEL_H

#include "messages.h"

#include <adze.h>
#include <stdio.h>
#include <string.h>

/* Results must have the same bits with each. */
enum { COUNTS = 4 };
static const int thread_counts[COUNTS] = {1, 2, 3, 8};

typedef void kernel(const ad_forward_args *c);

typedef struct probe_attr {
    kernel *run;
    void *user;
} probe_attr;

static inline void probe_forward(const ad_forward_args *c)
{
    memset(c->y.data, 0, ad_array_count(&c->y) * ad_type_size(c->y.type));
    ((const probe_attr *)c->attr)->run(c);
}

static const ad_op probe_op = {
    .size = sizeof(ad_op),
    .name = "probe",
    .arity = 1,
    .flags = AD_OP_STRIDED | AD_OP_NO_DERIVATIVE,
    .attr_size = sizeof(probe_attr),
    .shape = ad_shape_first,
    .forward = probe_forward,
};

static const double six[] = {1, 2, 3, 4, 5, 6};

/* Runs a kernel on x [2, 3] in threads. The status, and the message in text. */
static inline ad_status probe(kernel *run, void *user, int threads, char *text, size_t size)
{
    ad_pool *pool = ad_pool_new(NULL, threads);
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = pool});
    ad_tensor x = ad_freeze(t, AD_VIEW(six, 2, 3));
    ad_apply(&probe_op, &x, &(probe_attr){run, user});
    ad_status status = ad_tape_status(t);
    if (text)
        snprintf(text, size, "%s", message_of(t));
    ad_tape_free(t);
    ad_pool_free(pool);
    return status;
}

static inline void *user_of(const ad_forward_args *c)
{
    return ((const probe_attr *)c->attr)->user;
}

#endif
