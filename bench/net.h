/* Networks of dense layers, relu between them: the work of many cases. */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include "bench.h"

enum { NET_LAYERS = 64 }; /* at most */

typedef enum net_work {
    NET_FORWARD,  /* the model's output */
    NET_GRADIENT, /* the gradient of the loss for all parameters */
    NET_SLICES,   /* the same, by adze slice by slice of the rows */
    NET_STEP      /* and a step of gradient descent */
} net_work;

typedef struct net_spec {
    net_work work;
    int64_t batch;
    int layers;
    int64_t inputs, width, outputs; /* width: of every layer but the last */
    bool classify;                  /* softmax cross-entropy of labels; else mse of numbers */
} net_spec;

extern const bench_kind net_kind;

#define NET_CASE(name, what, ...)                \
    {                                            \
        name, what, &net_kind, &(const net_spec) \
        {                                        \
            __VA_ARGS__                          \
        }                                        \
    }

/* ---- for net.c and its bare forms --------------------------------------------------- */

/* The network without a tape: with products by BLIS, or by adze's own kernels. */
typedef enum net_form { NET_BY_BLIS, NET_BY_KERNELS, NET_FORMS } net_form;
typedef struct net_bare net_bare;

net_bare *net_bare_new(const net_spec *spec, net_form form, ad_pool *pool, const float *x,
                       const void *y);
void net_bare_free(net_bare *b);
void net_bare_run(net_bare *b);

/* Layer i's weights [inputs, outputs] and biases [outputs], and their gradients, to be set or
 * looked at; and the output [batch, outputs]. */
float *net_bare_weights(net_bare *b, int i);
float *net_bare_biases(net_bare *b, int i);
const float *net_bare_gradient(const net_bare *b, int i);
const float *net_bare_output(const net_bare *b);

/* Too small a rate to move the numbers out of their range, however often a step is repeated. */
#define NET_RATE 1e-7

int64_t net_inputs(const net_spec *spec, int layer);
int64_t net_outputs(const net_spec *spec, int layer);

#endif
