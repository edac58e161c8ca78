/* The lesson's network, 784-50-1 with mse: its full batch, and steps of training. */
#include "net.h"

#define LESSON(work, batch) work, batch, 2, 784, 50, 1, false

static const bench_case cases[] = {
    NET_CASE("lesson_full_batch", "784-50-1: gradient of the mse on 60000 images",
             LESSON(NET_GRADIENT, 60000)),
    NET_CASE("lesson_in_slices", "784-50-1: the same gradient, slice by slice of the images",
             LESSON(NET_SLICES, 60000)),
    NET_CASE("lesson_forward_10k", "784-50-1: output for 10000 images", LESSON(NET_FORWARD, 10000)),
    NET_CASE("step_b64", "784-50-1: training step on 64 images", LESSON(NET_STEP, 64)),
    NET_CASE("step_b128", "784-50-1: training step on 128 images", LESSON(NET_STEP, 128)),
    NET_CASE("step_b512", "784-50-1: training step on 512 images", LESSON(NET_STEP, 512)),
    NET_CASE("rows_b512_parallel",
             "784-50-1: gradient on 512 images, in slices of 64 on the threads",
             LESSON(NET_SLICES, 512)),
    NET_CASE("step_b1", "784-50-1: training step on 1 image", LESSON(NET_STEP, 1)),
};

const bench_table lesson_table = BENCH_TABLE(cases);
