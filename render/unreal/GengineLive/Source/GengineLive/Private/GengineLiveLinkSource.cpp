// SPDX-License-Identifier: Apache-2.0
#include "GengineLiveLinkSource.h"
#include "Roles/LiveLinkAnimationRole.h"
#include "Roles/LiveLinkAnimationTypes.h"
#include "Roles/LiveLinkBasicRole.h"
#include "Roles/LiveLinkBasicTypes.h"

static FVector Place(const std::array<float, 3>& Metres)
{
	const std::array<double, 3> Turned = gengine::ToUnreal(Metres);
	return FVector(Turned[0], Turned[1], Turned[2]);
}

static FQuat Turn(const gengine::Quaternion& Ours)
{
	const gengine::Quaternion Q = gengine::ToUnreal(Ours);
	return FQuat(Q.x, Q.y, Q.z, Q.w);
}

void FGengineLiveLinkSource::Describe(const TArray<FName>& Curves, const TArray<FName>& Joints, const TArray<int32>& Parents, const TArray<FVector>& Offsets)
{
	if (!Client) return;
	FLiveLinkStaticDataStruct Face(FLiveLinkBaseStaticData::StaticStruct());
	FLiveLinkBaseStaticData& Properties = *Face.Cast<FLiveLinkBaseStaticData>();
	Properties.PropertyNames = Curves;
	for (const TCHAR* Angle : {TEXT("HeadYaw"), TEXT("HeadPitch"), TEXT("HeadRoll"), TEXT("LeftEyeYaw"), TEXT("LeftEyePitch"), TEXT("LeftEyeRoll"), TEXT("RightEyeYaw"), TEXT("RightEyePitch"), TEXT("RightEyeRoll")})
		Properties.PropertyNames.Add(FName(Angle));
	Client->PushSubjectStaticData_AnyThread(Key(TEXT("_Face")), ULiveLinkBasicRole::StaticClass(), MoveTemp(Face));

	FLiveLinkStaticDataStruct Body(FLiveLinkSkeletonStaticData::StaticStruct());
	FLiveLinkSkeletonStaticData& Skeleton = *Body.Cast<FLiveLinkSkeletonStaticData>();
	Skeleton.SetBoneNames(Joints);
	Skeleton.SetBoneParents(Parents);
	Client->PushSubjectStaticData_AnyThread(Key(TEXT("_Body")), ULiveLinkAnimationRole::StaticClass(), MoveTemp(Body));
	Places.Reset();
	for (const FVector& Offset : Offsets) Places.Add(Place({float(Offset.X), float(Offset.Y), float(Offset.Z)}));
}

void FGengineLiveLinkSource::Show(const gengine::Frame* Face, const gengine::Frame* Body)
{
	if (!Client) return;
	const double Now = FPlatformTime::Seconds();
	if (Face)
	{
		FLiveLinkFrameDataStruct Data(FLiveLinkBaseFrameData::StaticStruct());
		FLiveLinkBaseFrameData& Frame = *Data.Cast<FLiveLinkBaseFrameData>();
		Frame.WorldTime = FLiveLinkWorldTime(Now);
		for (float Weight : Face->weights) Frame.PropertyValues.Add(Weight);
		const FRotator Head = Turn(Face->head).Rotator();
		for (double Angle : {Head.Yaw, Head.Pitch, Head.Roll}) Frame.PropertyValues.Add(float(FMath::DegreesToRadians(Angle)));
		for (int32 Eye = 0; Eye < 2; ++Eye)
			for (float Angle : {-Face->yaw, Face->pitch, 0.0f}) Frame.PropertyValues.Add(Angle);
		Client->PushSubjectFrameData_AnyThread(Key(TEXT("_Face")), MoveTemp(Data));
	}
	if (Body && Places.Num() == int32(Body->rotations.size()))
	{
		FLiveLinkFrameDataStruct Data(FLiveLinkAnimationFrameData::StaticStruct());
		FLiveLinkAnimationFrameData& Frame = *Data.Cast<FLiveLinkAnimationFrameData>();
		Frame.WorldTime = FLiveLinkWorldTime(Now);
		for (int32 Joint = 0; Joint < Places.Num(); ++Joint)
			Frame.Transforms.Add(FTransform(Turn(Body->rotations[Joint]), Joint ? Places[Joint] : Place(Body->root)));
		Client->PushSubjectFrameData_AnyThread(Key(TEXT("_Body")), MoveTemp(Data));
	}
}
