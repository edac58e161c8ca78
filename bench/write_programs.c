/* Writes as C the programs that adze-bench runs as compiled code: NAME.h and NAME.c of each into
 * the folder that it is given, before the build of the suite. */
#include "objectives.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn static void fail(const char *reason)
{
    fprintf(stderr, "error: %s\n", reason);
    exit(EXIT_FAILURE);
}

/* ---- programs ----------------------------------------------------------------------- */

static void loss_of(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    double seen[LV_SEEN][2];
    (void)n, (void)m, (void)env;
    lv_fill(seen);
    y[0] = lotka_loss(LV_STEPS, seen, x);
}

static void residual_of(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    ba_residual(x, y);
}

static ad_program *jacobian_of_residual(ad_error *error)
{
    static const size_t by[BA_INPUTS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    double x[BA_RESIDUAL_INPUTS];
    for (int i = 0; i < BA_RESIDUAL_INPUTS; i++)
        x[i] = 1; /* any point will do that is not turned by an angle of 0 */
    ad_program *f =
        ad_program_of(residual_of, BA_RESIDUAL_INPUTS, x, BA_RESIDUALS, NULL, NULL, error);
    ad_program *jacobian = ad_program_jacobian(f, BA_INPUTS, by, error);
    ad_program_free(f);
    return jacobian;
}

/* ---- texts -------------------------------------------------------------------------- */

typedef struct text {
    const char *folder, *name;
    FILE *file[2];
} text;

static bool write_text(void *env, ad_program_text of, const char *piece, size_t length)
{
    const text *t = env;
    return fwrite(piece, 1, length, t->file[of]) == length;
}

static FILE *open_text(const text *t, char kind)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s.%c", t->folder, t->name, kind);
    FILE *file = length < (int)sizeof path ? fopen(path, "w") : NULL;
    if (!file)
        fail("a file cannot be written");
    return file;
}

static void write_program(const char *folder, const char *name, ad_program *p, ad_error *error)
{
    text t = {.folder = folder, .name = name};
    t.file[AD_PROGRAM_HEADER] = open_text(&t, 'h');
    t.file[AD_PROGRAM_SOURCE] = open_text(&t, 'c');
    if (ad_program_write_c(p, name, NULL, write_text, &t, error) != AD_OK)
        fail(error->text);
    if (fclose(t.file[0]) || fclose(t.file[1]))
        fail("a file cannot be written");
    ad_program_free(p);
}

int main(int argc, char **argv)
{
    ad_error error = {AD_OK, ""};
    if (argc != 2)
        fail("usage: write-programs FOLDER");
    ad_program *loss = ad_program_of(loss_of, LV_PARAMETERS, lv_parameters, 1, NULL, NULL, &error);
    ad_program *gradient = ad_program_gradient(loss, LV_PARAMETERS, NULL, &error);
    ad_program *hessian = ad_program_hessian(loss, LV_PARAMETERS, NULL, &error);
    write_program(argv[1], "lv_gradient", gradient, &error);
    write_program(argv[1], "lv_hessian", hessian, &error);
    write_program(argv[1], "ba_jacobian", jacobian_of_residual(&error), &error);
    ad_program_free(loss);
    return EXIT_SUCCESS;
}
