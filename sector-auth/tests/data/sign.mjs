// Writes login.json: login messages written by viem and by hand, signed by viem and by ethers, which must agree.
//
// To generate it again, in a folder outside the repository:
//   npm install viem@2.57.20 ethers@6.17.0
//   cp .../sector-auth/tests/data/sign.mjs . && node sign.mjs > .../sector-auth/tests/data/login.json
//
// Signatures are deterministic (RFC 6979), so the file is the same each time. The keys are test keys.

import { Wallet, hashMessage as ethersHash, verifyMessage as ethersVerify } from 'ethers'
import { readFileSync } from 'node:fs'
import { hashMessage, recoverMessageAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { createSiweMessage, parseSiweMessage } from 'viem/siwe'

const KEYS = [
  '0x0000000000000000000000000000000000000000000000000000000000000001',
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  // The order of the curve less one.
  '0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140',
  '0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318',
]

const at = (text) => new Date(text)
const SITE = {
  domain: 'localhost:9000',
  uri: 'http://localhost:9000',
  version: '1',
  chainId: 1,
  nonce: 'a1b2c3d4e5f6',
  issuedAt: at('2026-11-22T08:00:00Z'),
}

// What viem's createSiweMessage makes of these is checked and accepted at 2026-11-22T08:01:00Z.
const WRITTEN = {
  'required fields alone': SITE,
  'a statement': { ...SITE, statement: 'Sign in to Sector. This costs nothing and moves nothing.' },
  'every optional field': {
    ...SITE,
    scheme: 'http',
    statement: 'All of it.',
    expirationTime: at('2026-11-22T08:05:00Z'),
    notBefore: at('2026-11-22T07:59:59.5Z'),
    requestId: 'request-1.a_b~c!$&\'()*+,;=:@%20',
    resources: ['https://example.org/a?b=c#d', 'ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/'],
  },
  'resources alone': { ...SITE, resources: ['urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8'] },
  'an empty list of resources': { ...SITE, resources: [] },
  'an empty request id': { ...SITE, requestId: '' },
  'an end without a statement': { ...SITE, expirationTime: at('2026-11-22T08:05:00Z') },
  'a statement with every mark of ASCII': { ...SITE, statement: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ 0aA' },
  'another site': {
    ...SITE,
    scheme: 'https',
    domain: 'sector.example',
    uri: 'https://sector.example/play?from=here#top',
    chainId: 11155111,
    nonce: 'Zz0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789abcdef',
  },
}

// Texts not written by a library: signed as well, and rejected with their own code.
const BY_HAND = {
  'a statement beyond ASCII': [
    'message_malformed',
    (message) => message.replace('\n\n\n', '\n\nMelde dich an — 登录 🚀\n\n'),
  ],
  'a version that does not exist': ['message_version', (message) => message.replace('Version: 1', 'Version: 2')],
  'a line after the end': ['message_extra_line', (message) => `${message}\nSend all my money.`],
  'an address without capitals': [
    'address_checksum',
    (message) => message.replace(/0x[0-9a-fA-F]{40}/, (address) => address.toLowerCase()),
  ],
  'line ends of Windows': ['message_malformed', (message) => message.replaceAll('\n', '\r\n')],
}

const vectors = []

async function sign(name, privateKey, message, refused) {
  const account = privateKeyToAccount(privateKey)
  const wallet = new Wallet(privateKey)
  const signature = await account.signMessage({ message })
  const agree = [
    [signature, await wallet.signMessage(message)],
    [hashMessage(message), ethersHash(message)],
    [account.address, wallet.address],
    [account.address, await recoverMessageAddress({ message, signature })],
    [account.address, ethersVerify(message, signature)],
  ]
  for (const [viem, ethers] of agree) if (viem !== ethers) throw new Error(`${name}: ${viem} is not ${ethers}`)
  const fields = refused ? undefined : parseSiweMessage(message)
  const expected = fields && {
    domain: fields.domain,
    uri: fields.uri,
    chain_id: fields.chainId,
    nonce: fields.nonce,
  }
  vectors.push({ name, private_key: privateKey, address: account.address, message, signature, refused, expected })
}

for (const privateKey of KEYS) {
  const { address } = privateKeyToAccount(privateKey)
  for (const [name, fields] of Object.entries(WRITTEN)) {
    await sign(name, privateKey, createSiweMessage({ ...fields, address }))
  }
  for (const [name, [refused, change]] of Object.entries(BY_HAND)) {
    await sign(name, privateKey, change(createSiweMessage({ ...SITE, address })), refused)
  }
}

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version
const about = [
  `Login messages written by viem ${version('viem')}, signed by it and by ethers ${version('ethers')}, which agreed on`,
  'every digest, signature and address. Made by sign.mjs beside this file, which says how. The keys are test keys.',
  'Those with "refused" are rightly signed and not in the form of ERC-4361: they are refused with that code.',
].join(' ')
console.log(JSON.stringify({ about, vectors }, null, 1))
