/* A training in which the last rank is killed. The others say what they know of it, and give up. */
#include "adze/mpi.h"
#include "adze/ops.h"

#include <mpi.h>
#include <signal.h>
#include <stdio.h>

AD_MODEL(line, slope);
AD_MODEL_MPI(line);

static ad_tensor loss(ad_tape *t, const line_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mean(ad_square(ad_sub(ad_mul(x[0], m->slope), 1)));
}

int main(int argc, char **argv)
{
    static float rows[1000] = {1, 2, 3};
    float number = 0.5f;
    const line model = {AD_ARRAY_SCALAR(&number)};
    const ad_view data = AD_VIEW(rows, 1000);
    const ad_rows_options o = {.size = sizeof o, .slice = 10};
    line gradient = {0};
    ad_error error = {0};
    MPI_Init(&argc, &argv);
    ad_mpi *m =
        ad_mpi_new(NULL, &(ad_mpi_options){.size = sizeof(ad_mpi_options), .patience = 2}, &error);
    ad_tape *tape = ad_tape_new(NULL);
    for (int step = 0; m && error.status == AD_OK; step++) {
        if (step == 10 && ad_mpi_rank(m) == ad_mpi_ranks(m) - 1)
            raise(SIGKILL);
        line_mpi_value_with_gradient(m, tape, loss, &model, 1, &data, &o, NULL, NULL, &gradient,
                                     &error);
    }
    printf("%s\n", error.text);
    fflush(stdout);
    line_mpi_value_with_gradient(m, tape, loss, &model, 1, &data, &o, NULL, NULL, &gradient,
                                 &error); /* at once, with the same words */
    MPI_Abort(MPI_COMM_WORLD, 3);
    return 0;
}
