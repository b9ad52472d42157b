/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP allocates apart from its own pools, by size. Included several times: no guard. */
#ifdef LP_NET_GATEWAY
#define LP_POOL_COUNT(board) (8 * (board))
#else
#define LP_POOL_COUNT(board) (board)
#endif

/* Their names are made of the sizes, which are those of a 64-bit host therefore: a board wastes 44 bytes. */
LWIP_MALLOC_MEMPOOL_START
/* A datagram that is being put together. */
LWIP_MALLOC_MEMPOOL(LP_POOL_COUNT(2), 40)
/* A struct pbuf, and: IPv6 and UDP headers before data that lie elsewhere; or a message of neighbour discovery. */
LWIP_MALLOC_MEMPOOL(LP_POOL_COUNT(2), 120)
/* The same, and the frame that is being sent. */
LWIP_MALLOC_MEMPOOL(LP_POOL_COUNT(1), 152)
LWIP_MALLOC_MEMPOOL_END

#undef LP_POOL_COUNT
