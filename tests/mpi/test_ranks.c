/* The tests of ranks: one program, which any number of ranks runs together. Check must not fork. */
#include "ranks.h"

/* Without MPI there are no ranks. */
static bool is_refused(const char *says)
{
    ad_error error = {0};
    ad_mpi *m = ad_mpi_new(NULL, NULL, &error);
    return !m && error.status == AD_MISUSE && strcmp(error.text, says) == 0;
}

int main(int argc, char **argv)
{
    int level;
    bool early = is_refused("mpi: call MPI_Init first");
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    int failed = run_suite(sums_suite());
    failed |= run_suite(refusals_suite());
    MPI_Finalize();
    bool late = is_refused("mpi: MPI_Finalize has been called");
    if (!early || !late)
        fprintf(stderr, "ad_mpi_new %s\n", early ? "after MPI_Finalize" : "before MPI_Init");
    return failed || !early || !late;
}
