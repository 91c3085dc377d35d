// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Stand-ins for Uniswap's Permit2 and for the two x402 proxies in front of it, written from their published
// interfaces, because no npm package ships their code. They sign-check and move money as the originals do on the
// one path that x402 takes; nothing else of Permit2 is here.

interface IToken {
    function transferFrom(address from, address to, uint256 value) external returns (bool);
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external;
}

struct TokenPermissions {
    address token;
    uint256 amount;
}

struct PermitTransferFrom {
    TokenPermissions permitted;
    uint256 nonce;
    uint256 deadline;
}

struct EIP2612Permit {
    uint256 value;
    uint256 deadline;
    bytes32 r;
    bytes32 s;
    uint8 v;
}

contract Permit2 {
    string private constant STUB =
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,";

    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount;
    }

    /// By owner and the nonce's upper 248 bits: the lower 8 say which bit. Nonces are in no order.
    mapping(address => mapping(uint256 => uint256)) public nonceBitmap;

    error SignatureExpired(uint256 deadline);
    error InvalidAmount(uint256 maxAmount);
    error InvalidNonce();
    error InvalidSignature();

    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        bytes32 typehash = keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
        return keccak256(abi.encode(typehash, keccak256("Permit2"), block.chainid, address(this)));
    }

    function permitWitnessTransferFrom(
        PermitTransferFrom memory permit,
        SignatureTransferDetails calldata details,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external {
        if (block.timestamp > permit.deadline) revert SignatureExpired(permit.deadline);
        if (details.requestedAmount > permit.permitted.amount) revert InvalidAmount(permit.permitted.amount);
        uint256 bit = 1 << (permit.nonce & 0xff);
        uint256 word = permit.nonce >> 8;
        if (nonceBitmap[owner][word] & bit != 0) revert InvalidNonce();
        nonceBitmap[owner][word] |= bit;
        requireSigned(owner, hash(permit, witness, witnessTypeString), signature);
        IToken(permit.permitted.token).transferFrom(owner, details.to, details.requestedAmount);
    }

    /// The caller is the spender that was signed for: nobody else can use the signature.
    function hash(PermitTransferFrom memory permit, bytes32 witness, string calldata witnessTypeString)
        private
        view
        returns (bytes32)
    {
        bytes32 permitted = keccak256(
            abi.encode(
                keccak256("TokenPermissions(address token,uint256 amount)"),
                permit.permitted.token,
                permit.permitted.amount
            )
        );
        bytes32 typehash = keccak256(abi.encodePacked(STUB, witnessTypeString));
        return keccak256(abi.encode(typehash, permitted, msg.sender, permit.nonce, permit.deadline, witness));
    }

    function requireSigned(address owner, bytes32 structHash, bytes calldata signature) private view {
        if (signature.length != 65) revert InvalidSignature();
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", DOMAIN_SEPARATOR(), structHash));
        address signer =
            ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
        if (signer == address(0) || signer != owner) revert InvalidSignature();
    }
}

/// What both proxies share.
abstract contract Proxy {
    Permit2 public constant PERMIT2 = Permit2(0x000000000022D473030F116dDEE9F6B43aC78BA3);

    event Settled();
    event SettledWithPermit();

    error InvalidAmount();
    error InvalidDestination();
    error InvalidOwner();
    error PaymentTooEarly();
    error Permit2612AmountMismatch();

    /// Gives Permit2 its allowance by the owner's ERC-2612 signature; a permit used before does not matter if the
    /// allowance is there, so a failure shows only at the transfer.
    function allow(EIP2612Permit calldata permit2612, PermitTransferFrom calldata permit, address owner) internal {
        if (permit2612.value != permit.permitted.amount) revert Permit2612AmountMismatch();
        try IToken(permit.permitted.token).permit(
            owner, address(PERMIT2), permit2612.value, permit2612.deadline, permit2612.v, permit2612.r, permit2612.s
        ) {} catch {}
    }

    function pay(
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        address to,
        uint256 validAfter,
        bytes32 witness,
        string memory witnessTypeString,
        bytes calldata signature
    ) internal {
        if (amount == 0) revert InvalidAmount();
        if (owner == address(0)) revert InvalidOwner();
        if (to == address(0)) revert InvalidDestination();
        if (block.timestamp < validAfter) revert PaymentTooEarly();
        PERMIT2.permitWitnessTransferFrom(
            permit, Permit2.SignatureTransferDetails(to, amount), owner, witness, witnessTypeString, signature
        );
    }
}

/// `exact`: the whole amount that was signed for.
contract ExactProxy is Proxy {
    struct Witness {
        address to;
        uint256 validAfter;
    }

    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)";
    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,uint256 validAfter)");

    function settle(
        PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        run(permit, owner, witness, signature);
        emit Settled();
    }

    function settleWithPermit(
        EIP2612Permit calldata permit2612,
        PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        allow(permit2612, permit, owner);
        run(permit, owner, witness, signature);
        emit SettledWithPermit();
    }

    function run(
        PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) private {
        bytes32 hashed = keccak256(abi.encode(WITNESS_TYPEHASH, witness.to, witness.validAfter));
        pay(
            permit, permit.permitted.amount, owner, witness.to, witness.validAfter, hashed, WITNESS_TYPE_STRING, signature
        );
    }
}

/// `upto`: any amount up to the one that was signed for, and only the facilitator that was signed for may say which.
contract UptoProxy is Proxy {
    struct Witness {
        address to;
        address facilitator;
        uint256 validAfter;
    }

    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)";
    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,address facilitator,uint256 validAfter)");

    error AmountExceedsPermitted();
    error UnauthorizedFacilitator();

    function settle(
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        run(permit, amount, owner, witness, signature);
        emit Settled();
    }

    function settleWithPermit(
        EIP2612Permit calldata permit2612,
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        allow(permit2612, permit, owner);
        run(permit, amount, owner, witness, signature);
        emit SettledWithPermit();
    }

    function run(
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) private {
        if (amount > permit.permitted.amount) revert AmountExceedsPermitted();
        if (msg.sender != witness.facilitator) revert UnauthorizedFacilitator();
        bytes32 hashed = keccak256(abi.encode(WITNESS_TYPEHASH, witness.to, witness.facilitator, witness.validAfter));
        pay(permit, amount, owner, witness.to, witness.validAfter, hashed, WITNESS_TYPE_STRING, signature);
    }
}
