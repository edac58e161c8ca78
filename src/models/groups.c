/* Groups of arrays with methods of their own: which way each array of a model takes. */
#include "models/step.h"

#include <string.h>

/* Whether "layer" begins "layer.w" and "layer[2].w", or ".b" ends "layer.b", "b" and "layer.b[1]". */
static bool fits(const char *pattern, const char *path)
{
    size_t n = strlen(pattern), length = strlen(path);
    if (*pattern != '.')
        return strncmp(path, pattern, n) == 0 && strchr(".[", path[n]);
    if (length && path[length - 1] == ']' && pattern[n - 1] != ']')
        while (path[--length] != '[')
            ;
    if (length < n)
        return length == n - 1 && strncmp(path, pattern + 1, length) == 0;
    return strncmp(path + length - n, pattern, n) == 0;
}

size_t ad_way_at(const ad_method *m, const char *path)
{
    size_t i = 0;
    while (i < m->group_count && !fits(m->groups[i].path, path))
        i++;
    return i < m->group_count ? i + 1 : 0;
}

uint64_t ad_note_other(uint64_t others, const char *optimiser, size_t array)
{
    uint64_t hash = 0xcbf29ce484222325 + array;
    for (; *optimiser; optimiser++)
        hash = (hash ^ (unsigned char)*optimiser) * 0x100000001b3;
    return others + hash;
}

static ad_status find_way(void *user, const ad_site *at)
{
    ad_step *s = user;
    char path[AD_PATH_SIZE];
    ad_site_write(at, false, path);
    size_t number = ad_way_at(s->method, path);
    const char *name = s->way[number].optimiser->name;
    ((uint8_t *)s->made.ways.data)[at->number] = (uint8_t)number;
    s->way[number].used = true;
    if (strcmp(name, s->name) != 0)
        s->made.others = ad_note_other(s->made.others, name, at->number);
    return AD_OK;
}

static ad_status make_room(ad_step *s)
{
    if (s->made.ways.data)
        return AD_OK;
    s->made.ways = ad_array_new(s->model->allocator, AD_U8, AD_SHAPE((int64_t)s->tree->arrays));
    return s->made.ways.data
               ? AD_OK
               : ad_fail(s->error, AD_MEMORY, "%s: memory ran out for the groups", s->name);
}

static ad_status find_ways(ad_step *s)
{
    ad_status status = make_room(s);
    if (status == AD_OK)
        status = ad_tree_walk(s->tree, find_way, s);
    for (size_t i = 0; status == AD_OK && i < s->method->group_count; i++)
        if (!s->way[i + 1].used)
            return ad_fail(s->error, AD_MISUSE, "%s: group \"%s\" fits no array of %s that is left",
                           s->name, s->method->groups[i].path, s->tree->name);
    return status;
}

ad_status ad_find_ways(ad_step *s)
{
    s->made.others = 0;
    s->way[0].used = !s->method->group_count;
    ad_status status = s->way[0].used ? AD_OK : find_ways(s);
    if (status == AD_OK && s->states->optimiser && s->states->others != s->made.others)
        return ad_fail(s->error, AD_MISUSE, "%s: the states are those of other groups", s->name);
    return status;
}
