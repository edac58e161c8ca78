/* The strict reader of JSON: what is read, and where it stops. */
#include "io/json.h"

#include "suite.h"

#include <string.h>

/* A text in memory of its exact size, so that reading past its end is noticed. */
typedef struct reading {
    char *memory;
    ad_json j;
    ad_error error;
} reading;

static void begin(reading *r, const char *text, size_t size)
{
    r->memory = malloc(size ? size : 1);
    memcpy(r->memory, text, size);
    r->error = (ad_error){0};
    r->j = ad_json_of(r->memory, size, "x", 8, &r->error);
}

/* The message without what is the same in all; "" if there is none. */
static const char *end(reading *r, char *text, size_t size)
{
    ck_assert_int_eq(r->j.status, r->error.status);
    const char *reason = strstr(r->error.text, "in the header: ");
    snprintf(text, size, "%s", reason ? reason + 15 : r->error.text);
    free(r->memory);
    return text;
}

/* ---- values --------------------------------------------------------------------------- */

typedef struct value {
    const char *text, *reason; /* "" if it is read */
    size_t at;                 /* where it stops */
} value;

#define TEN(x)   x x x x x x x x x x
#define SIXTY(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x)

static const value values[] = {
    {"{}", "", 2},
    {"[]", "", 2},
    {" \t\r\n[ ] ", "", 8},
    {"[[],{},[{}]]", "", 12},
    {"{\"a\":[1,-2.5e+3,0,-0.0E-1],\"b\":{\"c\":null}}", "", 42},
    {"[true,false,null,\"\\u0041\"]", "", 26},
    {"0", "", 1},
    {"\"\"", "", 2},
    {SIXTY("[") "[[[["
                "]]]]" SIXTY("]"),
     "", 128},
    {SIXTY("[") "[[[[["
                "]]]]]" SIXTY("]"),
     "values are nested too deeply", 64},
    {"", "expected a value", 0},
    {"[", "expected a value", 1},
    {"[1", "it ends too early", 2},
    {"[1,]", "expected a value", 3},
    {"[1 2]", "expected ','", 3},
    {"[,1]", "expected a value", 1},
    {"{\"a\"}", "expected ':'", 4},
    {"{\"a\":1,}", "expected '\"'", 7},
    {"{1:2}", "expected '\"'", 1},
    {"{\"a\":1]", "expected ','", 6},
    {"[1}", "expected ','", 2},
    {"[]]", "bytes follow the last value", 2},
    {"{}x", "bytes follow the last value", 2},
    {"truth", "expected a value", 0},
    {"nul", "expected a value", 0},
    {"NaN", "expected a value", 0},
    {"+1", "expected a value", 0},
    {"-", "expected a value", 1},
    {"01", "expected a value", 2},
    {"1.", "expected a value", 2},
    {".5", "expected a value", 0},
    {"1e", "expected a value", 2},
    {"1e+", "expected a value", 3},
    {"\"", "it ends in a text", 1},
    {"\"a", "it ends in a text", 2},
    {"\"a\nb\"", "a text has a control character in it", 2},
    {"\"\\x\"", "there is no such escape", 2},
    {"\"\\", "there is no such escape", 2},
    {"\"\\u12g4\"", "\\u needs four hexadecimal digits", 5},
    {"\"\\u12", "\\u needs four hexadecimal digits", 5},
    {"\"\\u0000\"", "a text has a NUL in it", 7},
    {"\"\\ud800\"", "a surrogate stands alone", 7},
    {"\"\\ud800\\n\"", "a surrogate stands alone", 7},
    {"\"\\ud800\\ud800\"", "a surrogate stands alone", 13},
    {"\"\\udc00\\udc00\"", "a surrogate stands alone", 7},
    {"\"\xff\"", "a text is not UTF-8", 1},
    {"'a'", "expected a value", 0},
    {"// x", "expected a value", 0},
    {"\xef\xbb\xbf{}", "expected a value", 0},
};
enum { VALUES = sizeof values / sizeof *values };

START_TEST(a_value_is_read_or_the_place_is_told)
{
    const value *v = &values[_i];
    char text[512];
    reading r;
    begin(&r, v->text, strlen(v->text));
    ad_json_skip(&r.j);
    ad_json_end(&r.j);
    size_t at = r.j.at;
    ck_assert_str_eq(end(&r, text, sizeof text), v->reason);
    ck_assert_msg(at == v->at, "%s: stops at %zu, not at %zu", v->text, at, v->at);
}
END_TEST

START_TEST(a_message_names_the_file_and_the_byte)
{
    reading r;
    char text[512];
    begin(&r, "[1;", 3);
    ad_json_skip(&r.j);
    ck_assert_str_eq(r.error.text, "x: byte 10, in the header: expected ','");
    ck_assert(!ad_json_fail(&r.j, AD_MEMORY, "later")); /* the first failure stays */
    ck_assert_int_eq(r.j.status, AD_FORMAT);
    end(&r, text, sizeof text);
}
END_TEST

START_TEST(a_nul_is_no_end)
{
    reading r;
    char text[512];
    begin(&r, "[]\0\0", 4);
    ad_json_skip(&r.j);
    ad_json_end(&r.j);
    ck_assert_str_eq(end(&r, text, sizeof text), "bytes follow the last value");
}
END_TEST

/* ---- texts ---------------------------------------------------------------------------- */

static const char *const texts[][2] = {
    {"\"plain\"", "plain"},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    {"\"\\u0001\\u007f\\u0080\\u07ff\"", "\x01\x7f\xc2\x80\xdf\xbf"},
    {"\"\\u0800\\ud7ff\\uE000\\uFfFf\"", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
    {"\"\\ud800\\udc00\\uDBFF\\uDFFF\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
    {"\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"", "\xc3\xa9\xf0\x9f\x98\x80\x7f"},
};
enum { TEXTS = sizeof texts / sizeof *texts };

START_TEST(a_text_is_decoded)
{
    reading r;
    char text[512];
    begin(&r, texts[_i][0], strlen(texts[_i][0]));
    ck_assert_str_eq(ad_json_text(&r.j), texts[_i][1]);
    ad_json_end(&r.j);
    ck_assert_str_eq(end(&r, text, sizeof text), "");
}
END_TEST

/* Against the definition: how many bytes the first says, and what they stand for. */
static size_t utf8_length(const unsigned char *c, size_t size)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = c[0] < 0x80 ? 1 : c[0] >> 5 == 6 ? 2 : c[0] >> 4 == 14 ? 3 : c[0] >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > size)
        return 0;
    unsigned code = n == 1 ? c[0] : c[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (c[i] >> 6 != 2)
            return 0;
        code = code << 6 | (c[i] & 0x3fu);
    }
    bool fits = code >= least[n] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return fits ? n : 0;
}

START_TEST(utf8_is_what_the_definition_says)
{
    static const unsigned char ends[] = {0x00, 0x7f, 0x80, 0x8f, 0x90,
                                         0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    enum { ENDS = sizeof ends };
    for (int first = 0; first < 256; first++)
        for (int k = 0; k < ENDS * ENDS * ENDS; k++)
            for (size_t size = 0; size <= 4; size++) {
                unsigned char c[] = {(unsigned char)first, ends[k % ENDS], ends[k / ENDS % ENDS],
                                     ends[k / ENDS / ENDS]};
                size_t expected = size ? utf8_length(c, size) : 0;
                ck_assert_uint_eq(ad_utf8_step((const char *)c, size), expected);
            }
}
END_TEST

/* ---- whole numbers -------------------------------------------------------------------- */

static const struct {
    const char *text;
    int64_t number;
    const char *reason;
} wholes[] = {
    {"0", 0, ""},
    {" 17", 17, ""},
    {"9223372036854775807", INT64_MAX, ""},
    {"9223372036854775808", 0, "a number is too large"},
    {"99999999999999999999", 0, "a number is too large"},
    {"-1", 0, "expected a whole number"},
    {"01", 0, "expected a whole number"},
    {"", 0, "expected a whole number"},
    {"1.0", 0, "a whole number has no fraction and no exponent"},
    {"1e3", 0, "a whole number has no fraction and no exponent"},
    {"1E3", 0, "a whole number has no fraction and no exponent"},
    {"\"1\"", 0, "expected a whole number"},
};
enum { WHOLES = sizeof wholes / sizeof *wholes };

START_TEST(a_whole_number_is_read)
{
    reading r;
    char text[512];
    begin(&r, wholes[_i].text, strlen(wholes[_i].text));
    ck_assert_int_eq(ad_json_whole(&r.j), wholes[_i].number);
    ck_assert_str_eq(end(&r, text, sizeof text), wholes[_i].reason);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *all = tcase_create("json");
    tcase_add_loop_test(all, a_value_is_read_or_the_place_is_told, 0, VALUES);
    tcase_add_test(all, a_message_names_the_file_and_the_byte);
    tcase_add_test(all, a_nul_is_no_end);
    tcase_add_loop_test(all, a_text_is_decoded, 0, TEXTS);
    tcase_add_test(all, utf8_is_what_the_definition_says);
    tcase_add_loop_test(all, a_whole_number_is_read, 0, WHOLES);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
