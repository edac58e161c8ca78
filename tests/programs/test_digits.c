/* The digits that examples draw where MNIST is not at hand. */
#include "../../examples/digits.h"

#include "suite.h"

#include <string.h>

enum { PIXELS = 28 * 28, CLASSES = 10 };

START_TEST(a_digit_is_the_same_every_time_and_other_numbers_differ)
{
    uint8_t image[PIXELS], again[PIXELS], other[PIXELS];
    draw_digit(_i, 5, 6, image);
    draw_digit(_i, 5, 6, again);
    ck_assert_mem_eq(image, again, PIXELS);
    draw_digit(_i, 5, 7, other);
    ck_assert_mem_ne(image, other, PIXELS);
    draw_digit(_i, 6, 6, other);
    ck_assert_mem_ne(image, other, PIXELS);
    draw_digit((_i + 1) % CLASSES, 5, 6, other);
    ck_assert_mem_ne(image, other, PIXELS);
}
END_TEST

START_TEST(a_digit_is_bright_strokes_on_black)
{
    uint8_t image[PIXELS];
    for (uint64_t number = 0; number < 500; number++) {
        int ink = 0, bright = 0;
        draw_digit(_i, 1, number, image);
        for (int i = 0; i < PIXELS; i++) {
            ink += image[i] > 0;
            bright += image[i] > 150;
        }
        ck_assert_int_ge(bright, 10);
        ck_assert_int_le(ink, PIXELS / 2);
    }
}
END_TEST

START_TEST(no_such_digit_is_black_and_no_image_is_ignored)
{
    for (int digit = -2; digit <= 11; digit += digit == -1 ? 11 : 1) {
        uint8_t image[PIXELS] = {1};
        draw_digit(digit, 1, 1, image);
        for (int i = 0; i < PIXELS; i++)
            ck_assert_int_eq(image[i], 0);
    }
    draw_digit(1, 1, 1, NULL);
}
END_TEST

START_TEST(drawn_labels_are_balanced_and_shuffled)
{
    ad_dataset d;
    ck_assert_int_eq(draw_digits(1000, 95, 3, &d, NULL), AD_OK);
    ck_assert(ad_shape_equal(&d.train_images.shape, &AD_SHAPE(1000, 28, 28)));
    ck_assert(ad_shape_equal(&d.test_labels.shape, &AD_SHAPE(95)));
    ck_assert_int_eq(d.test_images.type, AD_U8);
    const uint8_t *label = d.train_labels.data;
    int count[CLASSES] = {0}, follows[CLASSES] = {0};
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_lt(label[i], CLASSES);
        count[label[i]]++;
        follows[i > 0 ? (label[i] + CLASSES - label[i - 1]) % CLASSES : 0]++;
    }
    for (int k = 0; k < CLASSES; k++)
        ck_assert_int_eq(count[k], 100);
    for (int k = 0; k < CLASSES; k++)
        ck_assert_int_le(follows[k], 170); /* no order: each step about as often */
    ck_assert_mem_ne(label, d.test_labels.data, 95);
    ad_dataset_free(&d);
}
END_TEST

START_TEST(drawn_sets_follow_the_seed_and_their_size_cuts_them_short)
{
    ad_dataset a, b, c;
    ck_assert_int_eq(draw_digits(100, 100, 3, &a, NULL), AD_OK);
    ck_assert_int_eq(draw_digits(50, 100, 3, &b, NULL), AD_OK);
    ck_assert_int_eq(draw_digits(100, 0, 4, &c, NULL), AD_OK);
    ck_assert_mem_eq(a.train_images.data, b.train_images.data, 50 * PIXELS);
    ck_assert_mem_eq(a.test_images.data, b.test_images.data, 100 * PIXELS);
    ck_assert_mem_eq(a.test_labels.data, b.test_labels.data, 100);
    ck_assert_mem_ne(a.train_labels.data, c.train_labels.data, 100);
    ck_assert_uint_eq(ad_array_count(&c.test_images), 0);
    for (int i = 0; i < 100; i++) /* train and test share no image */
        for (int k = 0; k < 100; k++)
            ck_assert_mem_ne((uint8_t *)a.train_images.data + i * PIXELS,
                             (uint8_t *)a.test_images.data + k * PIXELS, PIXELS);
    ad_dataset_free(&a);
    ad_dataset_free(&b);
    ad_dataset_free(&c);
}
END_TEST

/* Adds up the images of each class. The sums are as good as means: classes are equally frequent. */
static void add_classes(const ad_array *images, const ad_array *labels, double sum[][PIXELS])
{
    const uint8_t *image = images->data, *label = labels->data;
    for (int64_t i = 0; i < labels->shape.dim[0]; i++)
        for (int p = 0; p < PIXELS; p++)
            sum[label[i]][p] += image[i * PIXELS + p];
}

static int nearest_class(const uint8_t *image, double mean[][PIXELS])
{
    int best = 0;
    double distance[CLASSES] = {0};
    for (int k = 0; k < CLASSES; k++) {
        for (int p = 0; p < PIXELS; p++)
            distance[k] += (image[p] - mean[k][p]) * (image[p] - mean[k][p]);
        best = distance[k] < distance[best] ? k : best;
    }
    return best;
}

START_TEST(drawn_images_show_their_labels)
{
    double mean[CLASSES][PIXELS] = {{0}};
    ad_dataset d;
    ck_assert_int_eq(draw_digits(2000, 500, 1, &d, NULL), AD_OK);
    add_classes(&d.train_images, &d.train_labels, mean);
    for (int i = 0; i < CLASSES * PIXELS; i++)
        mean[i / PIXELS][i % PIXELS] /= 200;
    int right = 0;
    for (int i = 0; i < 500; i++)
        right += nearest_class((uint8_t *)d.test_images.data + i * PIXELS, mean) ==
                 ((uint8_t *)d.test_labels.data)[i];
    ck_assert_int_ge(right, 350); /* guessing: 50 */
    ck_assert_int_le(right, 490); /* or the task would be trivial */
    ad_dataset_free(&d);
}
END_TEST

START_TEST(more_digits_than_memory_are_an_error)
{
    ad_dataset d = {.train_images = {.data = NULL}};
    ad_error error = {AD_OK, ""};
    ck_assert_int_eq(draw_digits(2, INT64_MAX, 1, &d, &error), AD_TOO_LARGE);
    ck_assert_str_eq(error.text, "no memory for 2 and 9223372036854775807 images");
    ck_assert_ptr_null(d.train_images.data);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("digits");
    TCase *tests = tcase_create("digits");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_digit_is_the_same_every_time_and_other_numbers_differ, 0, CLASSES);
    tcase_add_loop_test(tests, a_digit_is_bright_strokes_on_black, 0, CLASSES);
    tcase_add_test(tests, no_such_digit_is_black_and_no_image_is_ignored);
    tcase_add_test(tests, drawn_labels_are_balanced_and_shuffled);
    tcase_add_test(tests, drawn_sets_follow_the_seed_and_their_size_cuts_them_short);
    tcase_add_test(tests, drawn_images_show_their_labels);
    tcase_add_test(tests, more_digits_than_memory_are_an_error);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
