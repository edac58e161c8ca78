/* The cross entropy with options beside PyTorch 2.13.0's:
 *
 *     y = functional.cross_entropy(x, torch.tensor(label), weight=..., ignore_index=..., label_smoothing=...)
 *     y.backward() */
#include "suite.h"

#include <adze.h>
#include <float.h>
#include <math.h>

static const double logits[] = {0.5, -1.25, 2, 1.5, 0.25, -0.75, -0.5, 0.75, 1, 2.5, -2, 0.125};
static const double weights[] = {1, 0.5, 3};

static const struct {
    const char *name;
    int64_t label[4];
    bool weighted, ignores;
    int64_t ignored;
    double smoothing, y, gradient[12];
} rows[] = {
    {"plain",
     {2, 0, 1, 2},
     false,
     false,
     0,
     0,
     0.99536464338610497,
     {0.044205045526861074, 0.0076816850816091081, -0.051886730608470183, -0.07038991471223377,
      0.051459150999412888, 0.018930763712820878, 0.027864367762550697, -0.15274380021585443,
      0.12487943245330375, 0.22642394915676467, 0.0025153428673576513, -0.2289392920241223}},
    {"ignored",
     {2, -100, 1, -100},
     false,
     true,
     -100,
     0,
     0.58836708475197341,
     {0.088410091053722148, 0.015363370163218216, -0.10377346121694037, 0, 0, 0,
      0.055728735525101394, -0.30548760043170886, 0.24975886490660751, 0, 0, 0}},
    {"an_ignored_class",
     {2, 0, 1, 2},
     false,
     true,
     1,
     0,
     1.0124487957141686,
     {0.05894006070248143, 0.01024224677547881, -0.069182307477960239, -0.093853219616311684,
      0.068612201332550513, 0.025241018283761171, 0, 0, 0, 0.30189859887568621,
      0.0033537904898102017, -0.30525238936549637}},
    {"weights",
     {2, 0, 1, 2},
     true,
     false,
     0,
     0,
     1.1897000047752035,
     {0.070728072842977718, 0.012290696130574574, -0.083018768973552301, -0.037541287846524676,
      0.027444880533020206, 0.010096407313504469, 0.0074304980700135191, -0.040731680057561184,
      0.033301181987547668, 0.36227831865082349, 0.0040245485877722425, -0.36630286723859568}},
    {"weights_and_ignored",
     {2, -100, 1, 0},
     true,
     true,
     -100,
     0,
     0.2819941860311786,
     {0.11788012140496286, 0.020484493550957619, -0.13836461495592048, 0, 0, 0,
      0.012384163450022532, -0.067886133429268636, 0.055501969979246113, -0.020956489638431403,
      0.0022358603265401344, 0.018720629311891286}},
    {"smoothing",
     {2, 0, 1, 2},
     false,
     false,
     0,
     0.1,
     1.0703646433861049,
     {0.035871712193527742, -0.00065164825172422513, -0.03522006394180352, -0.053723248045567107,
      0.043125817666079556, 0.010597430379487545, 0.019531034429217366, -0.13607713354918777,
      0.11654609911997042, 0.21809061582343134, -0.005817990465975682, -0.21227262535745564}},
    {"smoothing_and_ignored",
     {2, -100, 1, 0},
     false,
     true,
     -100,
     0.1,
     0.56553976582350951,
     {0.047828949591370316, -0.00086886433563230136, -0.04696008525573804, 0, 0, 0,
      0.02604137923895649, -0.18143617806558368, 0.15539479882662724, -0.0092125122354248558,
      -0.0077573206213009099, 0.016969832856725823}},
    {"all_three",
     {2, 0, 1, 2},
     true,
     true,
     0,
     0.25,
     1.231663252259982,
     {0.058587637645955058, 0.0059986194908044554, -0.064586257136759528, 0, 0, 0,
      3.99646083567332e-05, -0.019215087279112308, 0.019175122670755579, 0.35294125120195313,
      -0.0023470102399094353, -0.35059424096204367}},
    {"whole_smoothing",
     {2, 0, 1, 2},
     true,
     false,
     0,
     1,
     1.2268472702644395,
     {-0.0090804080229555887, -0.016076874156934935, 0.025157282179890515, 0.099243623785768509,
      0.01894509857730808, -0.11818872236307661, -0.022152950234403886, 0.055582737605094218,
      -0.033429787370690321, 0.13669471488096727, -0.020209947928336098, -0.11648476695263114}},
    {"none_counts", {7, 7, 7, 7}, false, true, 7, 0, NAN, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"none_counts_and_smoothing",
     {7, 7, 7, 7},
     false,
     true,
     7,
     0.1,
     NAN,
     {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void expect_near(double x, double wanted, ad_type type)
{
    double rounding = 4 * (type == AD_F32 ? FLT_EPSILON : DBL_EPSILON);
    ck_assert_msg((isnan(x) && isnan(wanted)) || fabs(x - wanted) <= rounding, "%.17g, not %.17g",
                  x, wanted);
}

static void run_row(int row, ad_type type)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_array x = ad_array_copy(NULL, type, AD_VIEW(logits, 4, 3));
    ad_array w = ad_array_copy(NULL, type, AD_VECTOR(weights));
    ad_tensor leaf = ad_watch(t, x), label = ad_freeze(t, AD_VECTOR(rows[row].label));
    ad_cross_entropy_options o = {.size = sizeof o,
                                  .ignores = rows[row].ignores,
                                  .ignored = rows[row].ignored,
                                  .smoothing = rows[row].smoothing};
    if (rows[row].weighted)
        o.weights = ad_watch(t, w); /* a constant all the same */
    ad_tensor y = ad_softmax_cross_entropy_with(leaf, label, &o);
    ck_assert_msg(ad_backward(y) == AD_OK, "%s", ad_tape_error(t));
    expect_near(ad_item(y), rows[row].y, type);
    ad_view g = ad_grad(leaf);
    for (size_t i = 0; i < 12; i++)
        expect_near(ad_view_get(&g, i), rows[row].gradient[i], type);
    if (rows[row].weighted)
        ck_assert(!ad_reached(o.weights));
    ad_array_free(&x);
    ad_array_free(&w);
    ad_tape_free(t);
}

START_TEST(pytorch_has_the_same_value_and_gradient)
{
    run_row(_i, AD_F64);
    run_row(_i, AD_F32);
}
END_TEST

static const char *row_name_of(int row)
{
    return rows[row].name;
}

int main(void)
{
    Suite *suite = suite_create("cross_entropy");
    TCase *c = tcase_create("rows");
    add_row_tests(c, pytorch_has_the_same_value_and_gradient, ROWS, row_name_of);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
