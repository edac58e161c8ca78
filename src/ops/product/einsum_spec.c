/* Reading the specification of an Einstein summation. */
#include "ops/product/einsum_spec.h"

#include <string.h>

bool ad_names_have(const ad_names *n, int name)
{
    return memchr(n->name, name, (size_t)n->count) != NULL;
}

bool ad_is_first_name(const ad_names *n, int at)
{
    return memchr(n->name, n->name[at], (size_t)at) == NULL;
}

/* ---- one part ------------------------------------------------------------------------ */

/* In the order of ASCII; below 0 for what is no letter. */
static int name_of(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}

static const char *text_of(int name, char text[16])
{
    if (name >= AD_LETTERS)
        return "an axis of ...";
    text[0] = (char)(name < 26 ? 'A' + name : 'a' + name - 26);
    text[1] = 0;
    return text;
}

/* Where a part ends: at a comma, at the arrow, or at the end. */
static const char *end_of(const char *part)
{
    while (*part && *part != ',' && *part != '-')
        part++;
    return part;
}

/* Looks at a part: how many letters it has, and whether it has an ellipsis. */
static bool look_at(const ad_einsum_spec *e, const char *part, int *letters, bool *ellipsis)
{
    *letters = 0;
    *ellipsis = false;
    for (const char *end = end_of(part); part < end; part++) {
        if (name_of(*part) >= 0) {
            ++*letters;
        } else if (strncmp(part, "...", 3) == 0 && !*ellipsis) {
            *ellipsis = true;
            part += 2;
        } else if (*part != ' ') {
            return AD_EINSUM_REFUSE(e, AD_MISUSE,
                                    "'%c' is neither a letter nor part of an ellipsis", *part);
        }
    }
    return true;
}

/* Reads the names of a part whose ellipsis, if it has one, stands for so many axes. */
static ad_names read_names(const char *part, int open)
{
    ad_names n = {0};
    for (const char *end = end_of(part); part < end; part++) {
        if (name_of(*part) >= 0)
            n.name[n.count++] = (uint8_t)name_of(*part);
        for (int i = *part == '.' ? open : 0; i > 0; i--)
            n.name[n.count++] = (uint8_t)(AD_LETTERS + i - 1);
        part += *part == '.' ? 2 : 0;
    }
    return n;
}

bool ad_einsum_operand(const ad_einsum_spec *e, const char **part, ad_tensor x, int which,
                       ad_names *n)
{
    int rank = ad_shape_of(x).rank, letters;
    bool ellipsis;
    if (!look_at(e, *part, &letters, &ellipsis))
        return false;
    if (ellipsis ? letters > rank : letters != rank)
        return AD_EINSUM_REFUSE(e, AD_BAD_SHAPE,
                                "operand %d has rank %d, but its part has %s%d letters", which,
                                rank, ellipsis ? "at least " : "", letters);
    *n = read_names(*part, rank - letters);
    *part = end_of(*part) + 1;
    return true;
}

/* ---- all of them --------------------------------------------------------------------- */

/* Notes the extents of an operand's axes. Those of ellipses broadcast. */
static bool note_operand(ad_einsum_spec *e, const ad_names *n, ad_tensor x)
{
    char text[16];
    ad_shape shape = ad_shape_of(x);
    for (int i = 0; i < n->count; i++) {
        int name = n->name[i];
        int64_t *extent = &e->extent[name], own = shape.dim[i];
        bool broadcasts = name >= AD_LETTERS && (own == 1 || *extent == 1);
        if (*extent >= 0 && own != *extent && !broadcasts)
            return AD_EINSUM_REFUSE(e, AD_BAD_SHAPE, "%s is %lld in one place and %lld in another",
                                    text_of(name, text), (long long)*extent, (long long)own);
        if (*extent < 0 || *extent == 1)
            *extent = own;
        e->seen[name]++;
        e->left[name] += ad_is_first_name(n, i);
        if (name >= AD_LETTERS && name - AD_LETTERS >= e->open)
            e->open = name - AD_LETTERS + 1;
    }
    return true;
}

#define TOO_MANY "the result would have more than %d axes"

/* The result without an arrow: what ellipses stand for, and the letters that stand once, sorted. */
static bool infer_result(ad_einsum_spec *e)
{
    ad_names *n = &e->wanted;
    for (int i = e->open; i > 0; i--)
        n->name[n->count++] = (uint8_t)(AD_LETTERS + i - 1);
    for (int i = 0; i < AD_LETTERS; i++) {
        if (e->seen[i] != 1)
            continue;
        if (n->count == AD_MAX_RANK)
            return AD_EINSUM_REFUSE(e, AD_BAD_SHAPE, TOO_MANY, AD_MAX_RANK);
        n->name[n->count++] = (uint8_t)i;
    }
    return true;
}

/* From the part behind the arrow, or NULL. */
static bool read_result(ad_einsum_spec *e, const char *part)
{
    int letters;
    bool ellipsis;
    char text[16];
    if (!part)
        return infer_result(e);
    if (!look_at(e, part, &letters, &ellipsis))
        return false;
    if (*end_of(part))
        return AD_EINSUM_REFUSE(e, AD_MISUSE, "'%c' does not belong into the result",
                                *end_of(part));
    if (letters + (ellipsis ? e->open : 0) > AD_MAX_RANK)
        return AD_EINSUM_REFUSE(e, AD_BAD_SHAPE, TOO_MANY, AD_MAX_RANK);
    e->wanted = read_names(part, e->open);
    for (int i = 0; i < e->wanted.count; i++) {
        int name = e->wanted.name[i];
        if (!ad_is_first_name(&e->wanted, i))
            return AD_EINSUM_REFUSE(e, AD_MISUSE, "%s stands twice in the result",
                                    text_of(name, text));
        if (e->extent[name] < 0)
            return AD_EINSUM_REFUSE(e, AD_MISUSE, "%s is in the result, but in no operand",
                                    text_of(name, text));
    }
    return true;
}

bool ad_einsum_read(ad_einsum_spec *e, int n, const ad_tensor *x)
{
    const char *part = e->text, *arrow = e->text + strcspn(e->text, "-");
    int parts = 1;
    for (const char *c = e->text; c < arrow; c++)
        parts += *c == ',';
    if (parts != n)
        return AD_EINSUM_REFUSE(e, AD_MISUSE, "there are %d operands, but parts for %d", n, parts);
    for (int i = 0; i < AD_AXIS_NAMES; i++)
        e->extent[i] = -1;
    for (int i = 0; i < n; i++) {
        ad_names axes;
        if (!ad_einsum_operand(e, &part, x[i], i, &axes) || !note_operand(e, &axes, x[i]))
            return false;
    }
    if (*arrow && arrow[1] != '>')
        return AD_EINSUM_REFUSE(e, AD_MISUSE, "'%c' is not part of an arrow", *arrow);
    return read_result(e, *arrow ? arrow + 2 : NULL);
}
