/* Several processes may share a mean over rows: the sums that they take of its tree of groups, added up as
 * the tree says, are the bits that one process gets. */
#include "slices.h"

#include "suite.h"

enum { ROWS = 230, SLICE = 10 }; /* 23 slices */

/* ---- sums of the tree ------------------------------------------------------------------ */

/* The groups from lo to hi - 1, by calls of their own for each that has at most `least` groups, on
 * data that hold no other rows. */
static outcome by_parts(scene *s, ad_rows_options o, const ad_rows_cut *cut, int64_t lo, int64_t hi,
                        int64_t least)
{
    if (hi - lo > least) {
        int64_t middle = lo + (hi - lo + 1) / 2;
        outcome left = by_parts(s, o, cut, lo, middle, least);
        outcome right = by_parts(s, o, cut, middle, hi, least);
        left.value += right.value;
        ck_assert_int_eq(net_axpy(1, &right.gradient, &left.gradient, NULL), AD_OK);
        end_outcome(&right);
        return left;
    }
    outcome out = {0};
    ad_view mine[3];
    const ad_rows_part part = {.size = sizeof part,
                               .rows = cut->rows,
                               .first = ad_rows_before(cut, lo),
                               .begin = lo,
                               .end = hi};
    int64_t rows = ad_rows_before(cut, hi) - part.first;
    for (int j = 0; j < 3; j++) {
        mine[j] = s->view[j];
        mine[j].data = (const char *)s->data[j].data +
                       (size_t)(part.first * mine[j].stride[0]) * ad_type_size(s->type);
        mine[j].shape.dim[0] = rows;
    }
    o.part = &part;
    ad_status status =
        net_value_with_gradient_over_rows(s->tape, o.sum ? sum_loss : mean_loss, &s->model, 3, mine,
                                          &o, NULL, &out.value, &out.gradient);
    ck_assert_msg(status == AD_OK, "%s", ad_tape_error(s->tape));
    return out;
}

START_TEST(parts_add_up_to_the_bits_of_the_whole)
{
    static const int64_t groups[] = {1, 2, 3, 5, 8, 12, 23, 64};
    for (int k = 0; k < 4; k++) {
        scene s;
        ad_rows_cut cut;
        open_scene(&s, k & 1 ? AD_F32 : AD_F64, ROWS, 2);
        const ad_rows_options o = {
            .size = sizeof o, .slice = SLICE, .sum = k & 2, .parallel = true, .groups = groups[_i]};
        ck_assert_int_eq(ad_cut_rows(3, s.view, &o, &cut, NULL), AD_OK);
        ck_assert(cut.slices == 23 && cut.groups == (groups[_i] < 23 ? groups[_i] : 23));
        outcome wanted = sliced(&s, o.sum ? sum_loss : mean_loss, o);
        for (int64_t least = 1; least < cut.groups; least++) {
            outcome got = by_parts(&s, o, &cut, 0, cut.groups, least);
            ck_assert_double_eq(distance(&got, &wanted), 0);
            end_outcome(&got);
        }
        end_outcome(&wanted);
        close_scene(&s);
    }
}
END_TEST

/* ---- where rows are cut ---------------------------------------------------------------- */

START_TEST(groups_have_all_rows_one_after_another)
{
    const float number = 1;
    for (int64_t rows = 0; rows < 300; rows += 7) {
        ad_view data = {&number, AD_F32, AD_SHAPE(rows), {0}};
        const ad_rows_options o = {.size = sizeof o, .slice = 3, .groups = 1 + rows % 9};
        ad_rows_cut cut;
        ck_assert_int_eq(ad_cut_rows(1, &data, &o, &cut, NULL), AD_OK);
        ck_assert(cut.rows == rows && cut.slices == (rows ? (rows + 2) / 3 : 1));
        ck_assert_int_le(cut.groups, o.groups);
        ck_assert_int_eq(ad_rows_before(&cut, 0), 0);
        ck_assert_int_eq(ad_rows_before(&cut, cut.groups), rows);
        for (int64_t g = 0; rows && g < cut.groups; g++) {
            int64_t own = ad_rows_before(&cut, g + 1) - ad_rows_before(&cut, g);
            ck_assert(own > 0 && own <= 3 * ((cut.slices + cut.groups - 1) / cut.groups));
        }
    }
    ck_assert_int_eq(ad_rows_before(NULL, 1), 0);
}
END_TEST

/* ---- parts that make no sense ---------------------------------------------------------- */

typedef struct misuse {
    const char *name;
    ad_rows_part part;
    int64_t groups;
    ad_status status;
    const char *says;
} misuse;

#define PART(...)                                              \
    {                                                          \
        .size = sizeof(ad_rows_part), .rows = 230, __VA_ARGS__ \
    }
static const misuse misuses[] = {
    {"no size", {.rows = 230, .end = 1}, 8, AD_MISUSE, "the part needs .size"},
    {"negative rows",
     {.size = sizeof(ad_rows_part), .rows = -1},
     8,
     AD_MISUSE,
     "a part of -1 rows"},
    {"negative groups", PART(.end = 1), -1, AD_MISUSE, "-1 groups"},
    {"no groups", PART(.begin = 1, .end = 1), 8, AD_MISUSE, "groups 1 to 0 are not"},
    {"across the middle", PART(.begin = 3, .end = 5), 8, AD_MISUSE,
     "groups 3 to 4 are not those of a sum in the tree of 8"},
    {"three of four", PART(.end = 3), 8, AD_MISUSE, "groups 0 to 2 are not"},
    {"beyond the last", PART(.begin = 8, .end = 9), 8, AD_MISUSE, "groups 8 to 8 are not"},
    {"before the first", PART(.begin = -1, .end = 1), 8, AD_MISUSE, "groups -1 to 0 are not"},
    {"rows that are not there", PART(.first = 10, .end = 1), 8, AD_BAD_SHAPE,
     "the groups have rows 0 to 19, but there are 230 from 10 on"},
    {"rows behind the last", PART(.first = -1, .begin = 7, .end = 8), 8, AD_BAD_SHAPE,
     "but there are 230 from -1 on"},
    {"fewer rows than there are",
     {.size = sizeof(ad_rows_part), .rows = 2000, .end = 8},
     8,
     AD_BAD_SHAPE,
     "the groups have rows 0 to 1999, but there are 230 from 0 on"},
};
enum { MISUSES = sizeof misuses / sizeof *misuses };

static const char *misuse_name(int row)
{
    return misuses[row].name;
}

START_TEST(parts_that_make_no_sense_are_refused)
{
    const misuse *m = &misuses[_i];
    scene s;
    outcome out = {.value = 42};
    open_scene(&s, AD_F64, ROWS, 1);
    const ad_rows_options o = {
        .size = sizeof o, .slice = SLICE, .groups = m->groups, .part = &m->part};
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, mean_loss, &s.model, 3, s.view, &o,
                                                       NULL, &out.value, &out.gradient),
                     m->status);
    ck_assert_msg(strstr(ad_tape_error(s.tape), m->says), "%s", ad_tape_error(s.tape));
    ck_assert(out.value == 42 && !out.gradient.hidden.w.data);
    close_scene(&s);
}
END_TEST

START_TEST(a_cut_needs_data_and_a_place_for_it)
{
    ad_error error = {0};
    ad_rows_cut cut = {1, 2, 3};
    const float number = 1;
    const ad_view data = AD_VIEW_SCALAR(&number);
    ck_assert_int_eq(ad_cut_rows(1, &data, NULL, NULL, &error), AD_MISUSE);
    ck_assert_int_eq(ad_cut_rows(1, NULL, NULL, &cut, NULL), AD_MISUSE);
    error.status = AD_OK;
    ck_assert_int_eq(ad_cut_rows(1, &data, NULL, &cut, &error), AD_BAD_SHAPE);
    ck_assert_str_eq(error.text, "cut_rows: data[0] is a number: it has no rows");
    ck_assert(cut.rows == 1 && cut.slices == 2 && cut.groups == 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parts");
    TCase *c = tcase_create("parts");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, parts_add_up_to_the_bits_of_the_whole, 0, 8);
    tcase_add_test(c, groups_have_all_rows_one_after_another);
    add_row_tests(c, parts_that_make_no_sense_are_refused, MISUSES, misuse_name);
    tcase_add_test(c, a_cut_needs_data_and_a_place_for_it);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
