/* Programs that are written as C and compiled. */
#define _POSIX_C_SOURCE 200809L /* for mkdtemp */

#include "exported.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- texts -------------------------------------------------------------------------- */

static bool append(void *env, ad_program_text of, const char *text, size_t length)
{
    program_text *t = env;
    t->of[of] = realloc(t->of[of], t->length[of] + length + 1);
    ck_assert_ptr_nonnull(t->of[of]);
    memcpy(t->of[of] + t->length[of], text, length);
    t->length[of] += length;
    t->of[of][t->length[of]] = '\0';
    return true;
}

program_text text_of(const ad_program *p, const char *name, const ad_program_c_options *options)
{
    program_text t = {{NULL, NULL}, {0, 0}};
    ad_error error = {AD_OK, ""};
    ck_assert_int_eq(ad_program_write_c(p, name, options, append, &t, &error), AD_OK);
    ck_assert_str_eq(error.text, "");
    return t;
}

void free_text(program_text *t)
{
    free(t->of[0]);
    free(t->of[1]);
}

int count_of(const char *text, const char *word)
{
    int count = 0;
    for (; (text = strstr(text, word)); text += strlen(word))
        count++;
    return count;
}

/* ---- the compiler ------------------------------------------------------------------- */

enum { LONG_LINE = 2048 };

const char *compiler_command(void)
{
    static char command[LONG_LINE];
    char probe[LONG_LINE + 64];
    const char *given = getenv("ADZE_CC");
    snprintf(command, sizeof command, "%s", given ? given : "cc");
    snprintf(probe, sizeof probe, "%s --version >/dev/null 2>&1", command);
    return system(probe) == 0 ? command : NULL;
}

typedef struct folder {
    char path[64];
} folder;

static folder open_folder(void)
{
    folder f = {"/tmp/adze-exported-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(f.path));
    return f;
}

static void close_folder(const folder *f)
{
    char command[LONG_LINE];
    snprintf(command, sizeof command, "rm -rf %s", f->path);
    ck_assert_int_eq(system(command), 0);
}

static FILE *open_in(const folder *f, const char *name, const char *suffix, const char *mode)
{
    char path[LONG_LINE];
    snprintf(path, sizeof path, "%s/%s%s", f->path, name, suffix);
    FILE *file = fopen(path, mode);
    ck_assert_ptr_nonnull(file);
    return file;
}

static bool accepts(const folder *f, const char *flags)
{
    char command[2 * LONG_LINE];
    FILE *file = open_in(f, "empty", ".c", "w");
    fputs("int main(void)\n{\n    return 0;\n}\n", file);
    fclose(file);
    snprintf(command, sizeof command, "cd %s && %s %s -c empty.c -o empty.o >/dev/null 2>&1",
             f->path, compiler_command(), flags);
    return system(command) == 0;
}

static void compile(const folder *f, const char *flags)
{
    char command[2 * LONG_LINE];
    snprintf(command, sizeof command, "cd %s && %s %s all.c -o all -lm", f->path,
             compiler_command(), flags);
    ck_assert_msg(system(command) == 0, "the text does not compile with %s", flags);
}

/* ---- the program that runs all of them ------------------------------------------------ */

static void write_points(FILE *file, int i, const exported *e)
{
    size_t n = ad_program_inputs(e->program);
    fprintf(file, "static const double x%d[%d][%zu] = {\n", i, EXPORTED_POINTS, n + 1);
    for (size_t point = 0; point < EXPORTED_POINTS; point++) {
        fprintf(file, "{");
        for (size_t k = 0; k < n; k++)
            if (isnan(e->x[point * n + k]))
                fprintf(file, "(double)NAN, ");
            else if (isinf(e->x[point * n + k]))
                fprintf(file, "%s(double)INFINITY, ", e->x[point * n + k] < 0 ? "-" : "");
            else
                fprintf(file, "%a, ", e->x[point * n + k]);
        fprintf(file, "0},\n");
    }
    fprintf(file, "};\n");
}

static bool has_guards(const ad_program *p)
{
    ad_program_info info = {.size = sizeof info};
    ad_program_measure(p, &info);
    return info.guards > 0;
}

/* Numbers are printed to the bit. A call of lanes computes all points. */
static void write_run(FILE *file, int i, const exported *e, int lanes)
{
    const int calls = lanes ? EXPORTED_POINTS / lanes : EXPORTED_POINTS;
    fprintf(file,
            "static void run%d(void)\n{\n    static p%d_real x[P%d_INPUTS + 1], v[P%d_WORK], "
            "y[P%d_OUTPUTS + 1];\n    for (int c = 0; c < %d; c++) {\n        int status = 0;\n"
            "        for (int k = 0; k < P%d_INPUTS; k++)\n",
            i, i, i, i, i, calls, i);
    if (lanes)
        fprintf(file,
                "            for (int l = 0; l < %d; l++)\n"
                "                x[k][l] = x%d[%d * c + l][k];\n",
                lanes, i, lanes);
    else
        fprintf(file, "            x[k] = (p%d_real)x%d[c][k];\n", i, i);
    fprintf(file, "        %sp%d(x, v, y);\n", has_guards(e->program) ? "status = " : "", i);
    fprintf(file,
            "        for (int l = 0; l < %d; l++) {\n            printf(\"%%d\\n\", status);\n",
            lanes ? lanes : 1);
    fprintf(file,
            "            for (int k = 0; k < P%d_OUTPUTS && status == 0; k++)\n"
            "                printf(\"%%a\\n\", (double)y[k]%s);\n        }\n    }\n}\n",
            i, lanes ? "[l]" : "");
}

static void write_main(const folder *f, int n, const exported *e, const way *w)
{
    FILE *file = open_in(f, "all", ".c", "w");
    for (int i = 0; i < n && w->lanes; i++)
        fprintf(file, "#define P%d_LANES %d\n", i, w->lanes);
    for (int i = 0; i < n; i++)
        fprintf(file, "#include \"p%d.c\"\n", i);
    fprintf(file, "#include <stdio.h>\n");
    for (int i = 0; i < n; i++) {
        write_points(file, i, &e[i]);
        write_run(file, i, &e[i], w->lanes);
    }
    fprintf(file, "int main(void)\n{\n");
    for (int i = 0; i < n; i++)
        fprintf(file, "    run%d();\n", i);
    fprintf(file, "    return 0;\n}\n");
    fclose(file);
}

/* With the fault, which is planted in the last place that it fits. */
static void write_source(const folder *f, const char *name, const char *text, const way *w)
{
    FILE *file = open_in(f, name, ".c", "w");
    const char *place = NULL;
    for (const char *at = text; w->change && (at = strstr(at, w->change)); at++)
        place = at;
    ck_assert(!w->change || place);
    if (place) {
        fprintf(file, "%.*s%s", (int)(place - text), text, w->by);
        text = place + strlen(w->change);
    }
    fputs(text, file);
    fclose(file);
}

static void write_texts(const folder *f, int n, const exported *e, const way *w)
{
    const way plain = {.name = ""};
    for (int i = 0; i < n; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        program_text t = text_of(e[i].program, name, e[i].options.size ? &e[i].options : NULL);
        FILE *file = open_in(f, name, ".h", "w");
        fputs(t.of[AD_PROGRAM_HEADER], file);
        fclose(file);
        write_source(f, name, t.of[AD_PROGRAM_SOURCE], i == 0 ? w : &plain);
        free_text(&t);
    }
}

/* ---- comparing ---------------------------------------------------------------------- */

static double read_number(FILE *out)
{
    char line[64];
    ck_assert_ptr_nonnull(fgets(line, sizeof line, out));
    return strtod(line, NULL);
}

/* A point: the numbers in which it differs. A lane may fail for the guard of another. */
static int compare_point(FILE *out, int i, const exported *e, size_t point, int lanes)
{
    const size_t m = ad_program_outputs(e->program), n = ad_program_inputs(e->program);
    double *y = calloc(m + 1, sizeof *y);
    int differences = 0, status = (int)read_number(out);
    ad_status expected = ad_program_run(e->program, e->x + point * n, y, NULL, NULL);
    if (expected != AD_OK || status != 0)
        differences += (expected != AD_OK) != (status != 0) && !lanes;
    for (size_t k = 0; k < m && status == 0; k++) {
        const double found = read_number(out);
        if (expected == AD_OK && !same_bits(found, y[k]) && differences++ < 3)
            printf("# program %d, point %zu, output %zu: %a is not %a\n", i, point, k, found, y[k]);
    }
    free(y);
    return differences;
}

int count_differences(int n, const exported *e, const way *w)
{
    const folder f = open_folder();
    int differences = -1;
    if (accepts(&f, w->flags)) {
        char command[LONG_LINE];
        write_texts(&f, n, e, w);
        write_main(&f, n, e, w);
        compile(&f, w->flags);
        snprintf(command, sizeof command, "%s/all >%s/out", f.path, f.path);
        ck_assert_int_eq(system(command), 0);
        FILE *out = open_in(&f, "out", "", "r");
        differences = 0;
        for (int i = 0; i < n; i++)
            for (size_t point = 0; point < EXPORTED_POINTS; point++)
                differences += compare_point(out, i, &e[i], point, w->lanes);
        fclose(out);
    }
    close_folder(&f);
    return differences;
}
