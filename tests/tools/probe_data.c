/*
 * probe_data.c - the bytes that a probe sends and expects
 *
 * Nothing random is ever held in memory: any byte of it is computed when it is
 * sent, and once more when it is compared.
 *
 * Next: probe_talk.c, which does both.
 */
#include <stdlib.h>
#include <string.h>

#include "probe.h"

/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators". */
uint64_t splitmix64(uint64_t seed, uint64_t index)
{
	uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

uint64_t seed_of(uint64_t seed, const char *name)
{
	for (; *name != '\0'; name++)
		seed = splitmix64(seed, (unsigned char)*name);
	return seed;
}

static unsigned char random_byte(uint64_t seed, uint64_t offset)
{
	return (unsigned char)(splitmix64(seed, offset / 8) >>
			       (offset % 8 * 8));
}

static void data_get(const struct data *data, uint64_t from, unsigned char *buf,
		     size_t n)
{
	if (data->kind == DATA_BYTES) {
		memcpy(buf, data->bytes + from, n);
		return;
	}
	from += data->start;
	for (size_t i = 0; i < n; i++)
		buf[i] = random_byte(data->seed, from + i);
}

void stream_get(const struct stream *stream, uint64_t from, unsigned char *buf,
		size_t n)
{
	for (size_t i = 0; i < stream->count && n > 0; i++) {
		const struct data *data = &stream->part[i];

		if (from >= data->len) {
			from -= data->len;
			continue;
		}
		size_t here =
			data->len - from < n ? (size_t)(data->len - from) : n;
		data_get(data, from, buf, here);
		buf += here;
		n -= here;
		from = 0;
	}
}

void stream_add(struct stream *stream, const struct data *data)
{
	stream->part = need_memory(stream->part, stream->count + 1,
				   sizeof *stream->part);
	stream->part[stream->count++] = *data;
	stream->len += data->len;
}

void stream_clear(struct stream *stream)
{
	free(stream->part);
	*stream = (struct stream){0};
}

void *need_memory(void *old, size_t count, size_t size)
{
	void *memory = reallocarray(old, count, size);

	if (memory == NULL)
		broken("memory");
	return memory;
}
