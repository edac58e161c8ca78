/* How the cost of a training step grows: with the batch, the width and the depth of a network. With
 * the number of operations it grows in the chains of ops.c. */
#include "net.h"

#define CURVE(name, what, ...) NET_CASE(name, what ": training step", NET_STEP, __VA_ARGS__)
#define BATCH(n)               CURVE("batch_" #n, "784-50-1 on " #n, n, 2, 784, 50, 1, false)
#define WIDTH(n)               CURVE("width_" #n, "784-" #n "-10 on 128", 128, 2, 784, n, 10, true)
#define DEPTH(n)               CURVE("depth_" #n, #n " layers of 64 on 64", 64, n, 64, 64, 64, true)

static const bench_case cases[] = {
    BATCH(1),    BATCH(4),     BATCH(16),    BATCH(64),   BATCH(256),  BATCH(1024),
    BATCH(4096), BATCH(16384), BATCH(65536), WIDTH(16),   WIDTH(32),   WIDTH(64),
    WIDTH(128),  WIDTH(256),   WIDTH(512),   WIDTH(1024), WIDTH(2048), DEPTH(1),
    DEPTH(2),    DEPTH(4),     DEPTH(8),     DEPTH(16),   DEPTH(32),   DEPTH(64),
};

const bench_table curves_table = BENCH_TABLE(cases);
