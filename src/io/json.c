/* A byte that JSON cannot have at a place ends the reading there. Texts never get longer by decoding, so they are
 * written over themselves, and a NUL goes over the quote that ends them. */
#include "io/json.h"

#include "base/message.h"

#include <string.h>

ad_json ad_json_of(char *text, size_t size, const char *name, uint64_t before, ad_error *error)
{
    return (ad_json){.name = name, .error = error, .before = before, .text = text, .size = size};
}

bool ad_json_fail(ad_json *j, ad_status status, const char *format, ...)
{
    char reason[256];
    if (j->status != AD_OK)
        return false;
    va_list arguments;
    va_start(arguments, format);
    ad_message_write(reason, sizeof reason, status, format, arguments);
    va_end(arguments);
    j->status = ad_fail(j->error, status, "%s: byte %llu, in the header: %s", j->name,
                        (unsigned long long)(j->before + j->at), reason);
    return false;
}

static bool malformed(ad_json *j, const char *reason)
{
    return ad_json_fail(j, AD_FORMAT, "%s", reason);
}

/* ---- bytes --------------------------------------------------------------------------- */

/* The next byte; NUL, which no JSON has, at the end and after a failure. */
static char peek(const ad_json *j)
{
    return j->status == AD_OK && j->at < j->size ? j->text[j->at] : '\0';
}

static char peek_value(ad_json *j)
{
    char c = peek(j);
    for (; c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = peek(j))
        j->at++;
    return c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take(ad_json *j, char wanted)
{
    char reason[] = "expected 'c'";
    reason[sizeof reason - 3] = wanted;
    if (peek_value(j) != wanted)
        return malformed(j, j->at < j->size ? reason : "it ends too early");
    j->at++;
    return true;
}

/* ---- arrays and objects -------------------------------------------------------------- */

bool ad_json_enter(ad_json *j, char opening)
{
    char closing = opening == '{' ? '}' : ']';
    if (!take(j, opening))
        return false;
    bool empty = peek_value(j) == closing;
    j->at += empty;
    return !empty && j->status == AD_OK;
}

bool ad_json_next(ad_json *j, char closing)
{
    if (peek_value(j) != closing)
        return take(j, ',');
    j->at++;
    return false;
}

/* ---- texts --------------------------------------------------------------------------- */

/* For each first byte: the bytes of the character, and the range of the second, which is narrower where the
 * character would be longer than needed, a surrogate, or beyond U+10FFFF. */
size_t ad_utf8_step(const char *text, size_t size)
{
    static const struct {
        unsigned char from, to, length, low, high;
    } rows[] = {
        {0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
        {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
        {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
    };
    const unsigned char *c = (const unsigned char *)text;
    for (size_t i = 0; size > 0 && i < sizeof rows / sizeof *rows; i++) {
        if (*c < rows[i].from || *c > rows[i].to)
            continue;
        size_t n = rows[i].length;
        bool fits = n <= size && (n < 2 || (c[1] >= rows[i].low && c[1] <= rows[i].high));
        for (size_t k = 2; fits && k < n; k++)
            fits = (c[k] & 0xc0) == 0x80;
        return fits ? n : 0;
    }
    return 0;
}

bool ad_is_utf8(const char *text)
{
    size_t left = strlen(text), step = 1;
    for (; left > 0 && step > 0; left -= step, text += step)
        step = ad_utf8_step(text, left);
    return step > 0;
}

static size_t put_utf8(uint32_t code, char *to)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)((0xf00 >> n & 0xff) | code);
    return n;
}

/* The four digits after \u. */
static uint32_t hexadecimal(ad_json *j)
{
    uint32_t code = 0;
    for (int i = 0; i < 4; i++, j->at++) {
        char c = peek(j), lower = (char)(c | 0x20);
        if (is_digit(c))
            code = code << 4 | (uint32_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            code = code << 4 | (uint32_t)(lower - 'a' + 10);
        else
            return malformed(j, "\\u needs four hexadecimal digits");
    }
    return code;
}

/* Characters beyond 16 bits are written as two surrogates. */
static uint32_t escaped_character(ad_json *j)
{
    uint32_t code = hexadecimal(j);
    if (j->status == AD_OK && code == 0)
        return malformed(j, "a text has a NUL in it");
    if (code >> 11 != 0xd800 >> 11)
        return code;
    uint32_t second = 0;
    if (code < 0xdc00 && peek(j) == '\\' && j->at + 1 < j->size && j->text[j->at + 1] == 'u') {
        j->at += 2;
        second = hexadecimal(j);
    }
    if (second >> 10 != 0xdc00 >> 10)
        return malformed(j, "a surrogate stands alone");
    return 0x10000 + ((code & 0x3ff) << 10 | (second & 0x3ff));
}

/* What follows a backslash, as UTF-8; its bytes. */
static size_t unescape(ad_json *j, char *to)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char c = peek(j);
    const char *name = c ? strchr(names, c) : NULL;
    if (!name && c != 'u')
        return malformed(j, "there is no such escape");
    j->at++;
    if (!name)
        return put_utf8(escaped_character(j), to);
    *to = meanings[name - names];
    return 1;
}

/* The character that begins here, as it is; its bytes. */
static size_t copy_character(ad_json *j, char *to)
{
    size_t n = ad_utf8_step(j->text + j->at, j->size - j->at);
    if (j->at == j->size)
        return malformed(j, "it ends in a text");
    if (n == 0)
        return malformed(j, "a text is not UTF-8");
    if ((unsigned char)j->text[j->at] < ' ')
        return malformed(j, "a text has a control character in it");
    memmove(to, j->text + j->at, n);
    j->at += n;
    return n;
}

const char *ad_json_text(ad_json *j)
{
    if (!take(j, '"'))
        return "";
    char *begin = j->text + j->at, *to = begin;
    while (j->status == AD_OK && peek(j) != '"') {
        bool escape = peek(j) == '\\';
        j->at += escape;
        to += escape ? unescape(j, to) : copy_character(j, to);
    }
    if (j->status != AD_OK)
        return "";
    j->at++;
    *to = '\0';
    return begin;
}

const char *ad_json_key(ad_json *j)
{
    const char *key = ad_json_text(j);
    return take(j, ':') ? key : "";
}

/* ---- numbers ------------------------------------------------------------------------- */

/* Goes past digits. Whether there was one. */
static bool skip_digits(ad_json *j)
{
    size_t from = j->at;
    while (is_digit(peek(j)))
        j->at++;
    return j->at > from;
}

/* Digits without a zero too many before them. */
static bool skip_integer(ad_json *j)
{
    bool zero = peek(j) == '0';
    size_t from = j->at;
    return skip_digits(j) && (!zero || j->at == from + 1);
}

int64_t ad_json_whole(ad_json *j)
{
    peek_value(j);
    size_t from = j->at;
    if (!skip_integer(j))
        return malformed(j, "expected a whole number");
    if (strchr(".eE", peek(j)) && peek(j))
        return malformed(j, "a whole number has no fraction and no exponent");
    int64_t number = 0;
    for (size_t i = from; i < j->at; i++) {
        int digit = j->text[i] - '0';
        if (number > (INT64_MAX - digit) / 10)
            return malformed(j, "a number is too large");
        number = number * 10 + digit;
    }
    return number;
}

/* ---- values that nobody wants -------------------------------------------------------- */

static void skip_number(ad_json *j)
{
    j->at += peek(j) == '-';
    bool good = skip_integer(j);
    if (good && peek(j) == '.') {
        j->at++;
        good = skip_digits(j);
    }
    if (good && (peek(j) == 'e' || peek(j) == 'E')) {
        j->at++;
        j->at += peek(j) == '+' || peek(j) == '-';
        good = skip_digits(j);
    }
    if (!good)
        malformed(j, "expected a value");
}

/* A value that is neither an array nor an object. */
static void skip_plain(ad_json *j)
{
    static const char *const words[] = {"true", "false", "null"};
    if (peek_value(j) == '"') {
        ad_json_text(j);
        return;
    }
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if (j->size - j->at >= n && memcmp(j->text + j->at, words[i], n) == 0) {
            j->at += n;
            return;
        }
    }
    skip_number(j);
}

void ad_json_skip(ad_json *j)
{
    char closing[AD_JSON_DEPTH]; /* of the arrays and objects that are open */
    int depth = 0;
    do {
        char c = peek_value(j);
        bool opens = c == '{' || c == '[', more = false;
        if (!opens) {
            skip_plain(j);
        } else if (depth == AD_JSON_DEPTH) {
            malformed(j, "values are nested too deeply");
        } else {
            more = ad_json_enter(j, c);
            closing[depth] = c == '{' ? '}' : ']';
            depth += more;
        }
        while (!more && depth > 0) {
            more = ad_json_next(j, closing[depth - 1]);
            depth -= !more;
        }
        if (more && closing[depth - 1] == '}')
            ad_json_key(j);
    } while (depth > 0 && j->status == AD_OK);
}

void ad_json_end(ad_json *j)
{
    peek_value(j);
    if (j->at < j->size)
        malformed(j, "bytes follow the last value");
}
