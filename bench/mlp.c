/* A classifier with two wide layers: where products are large enough for BLIS. */
#include "net.h"

static const bench_case cases[] = {
    NET_CASE("mlp512_b128", "784-512-512-10: softmax cross-entropy, training step on 128", NET_STEP,
             128, 3, 784, 512, 10, true),
};

const bench_table mlp_table = BENCH_TABLE(cases);
