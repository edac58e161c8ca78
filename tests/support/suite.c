/* Running a suite, or rows of its tables. Test cases that have rows carry the tag "rows": by this they are
 * told from all others. */
#include "suite.h"

#include <string.h>

static int rows; /* that were added */

static const char *wanted_text(void)
{
    return getenv("ADZE_ROW");
}

bool row_is_wanted(const char *name)
{
    const char *text = wanted_text();
    return !text || strstr(name, text);
}

void add_table_test(TCase *tests, const TTest *test, int begin, int end)
{
    if (wanted_text())
        tcase_set_tags(tests, "rows");
    tcase_add_loop_test(tests, test, begin, end);
}

static void add_row_test(TCase *tests, const TTest *test, int row, const char *name)
{
    if (!row_is_wanted(name))
        return;
    add_table_test(tests, test, row, row + 1);
    rows++;
}

void add_row_tests(TCase *tests, const TTest *test, int count, row_name *name)
{
    for (int i = 0; i < count; i++)
        add_row_test(tests, test, i, name(i));
}

FILE *open_test_file(const char *file)
{
    char path[4096];
    const char *root = getenv("ADZE_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/tests/%s", root ? root : ".", file);
    FILE *in = fopen(path, "r");
    if (!in)
        printf("# no %s\n", path);
    return in;
}

void add_file_row_tests(TCase *tests, const TTest *test, const char *file, const char *key)
{
    char line[8192], word[16], name[64];
    FILE *in = open_test_file(file);
    for (int row = 0; in && fgets(line, sizeof line, in);)
        if (sscanf(line, "%15s %63s", word, name) == 2 && strcmp(word, key) == 0)
            add_row_test(tests, test, row++, name);
    if (in)
        fclose(in);
}

static int fail_without_row(void)
{
    printf("1..1\nnot ok 1 - ADZE_ROW=%s: no row of this program has that in its name\n",
           wanted_text());
    return EXIT_FAILURE;
}

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    bool none = wanted_text() && rows == 0;
    if (!none)
        srunner_run_tagged(runner, NULL, NULL, wanted_text() ? "rows" : NULL, NULL, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return none ? fail_without_row() : failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
