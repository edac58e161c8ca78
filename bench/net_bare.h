/* What the two bare forms of a network have in common: by BLIS, and by adze's own kernels. Buffers
 * are made beforehand. With x the input, z = x w + b and y = relu(z) of a layer:
 *
 *     dz = dy where y > 0     dw = xᵀ dz     db = sum of dz's rows     dx = dz wᵀ                */
#ifndef BENCH_NET_BARE_H
#define BENCH_NET_BARE_H

#include "net.h"

#include "kernels/gemm_kernel.h"

enum { FEWEST_ROWS = 16 }; /* in a part: for less, waking a thread does not pay */

struct net_bare {
    net_spec spec;
    net_form form;
    ad_pool *pool;
    int parts;         /* threads that have enough rows to do */
    const float *x;    /* [batch, inputs] */
    const void *y;     /* [batch] */
    float *parameters; /* all layers': w [inputs, outputs], b [outputs] */
    float *gradients;  /* the same, for each part: the first's are the whole in the end */
    size_t offset[NET_LAYERS + 1]; /* of a layer in those */
    float *output[NET_LAYERS];     /* [batch, outputs] */
    float *cotangent[NET_LAYERS];  /* [batch, outputs]: a layer's dz */
    char *room;                    /* by kernels: for each part, to pack in, */
    size_t room_bytes;             /* so much */
};

void net_by_blis(net_bare *b);
void net_by_kernels(net_bare *b);
void net_prepare_kernels(net_bare *b);

/* Rows of the input of layer i, from this one on. */
const float *net_layer_input(const net_bare *b, int i, int64_t row);

/* A part's gradient of layer i's weights, [inputs, outputs], and of its biases after them. */
float *net_part_gradient(const net_bare *b, int part, int i);

/* The last layer's dz, for some rows. */
void net_loss_cotangent(net_bare *b, int64_t begin, int64_t end);

#endif
